import { setImmediate } from 'node:timers/promises'
import test from 'ava'
import { SoleRight } from '../../../../stores/file/tenancy/sole-right.ts'
import { Gate } from '../../../support/gate.ts'

const { signal } = new AbortController()

/** A right that was taken, and what it does from then on. `forgets`: when what was known is forgotten. */
async function takeRight(
  forgets: () => Promise<void> = async () => {},
): Promise<{ right: SoleRight; steps: string[] }> {
  const steps: string[] = []
  let isTaken = false
  const right = new SoleRight(async () => {
    if (!isTaken) return
    steps.push('forgets')
    await forgets()
  })
  isTaken = await right.take(right.promises, signal)
  return { right, steps }
}

test('nobody has the right before what was known is forgotten', async (t) => {
  const forgotten = new Gate()
  const right = new SoleRight(() => forgotten.passed)
  const taken = right.take(0, signal)
  await setImmediate()
  t.false(right.isHeld)
  t.is(right.begin(), undefined)
  forgotten.open()
  t.true(await taken)
  t.true(right.isHeld)
})

test('the right is given up at once, and over when all that relied on it has ended', async (t) => {
  const { right, steps } = await takeRight()
  const ends = [right.begin(), right.begin()]
  const over = right.promise().then(() => steps.push('over'))
  t.false(right.isHeld)
  t.is(right.begin(), undefined)
  t.true(right.isReliedOn)
  await setImmediate()
  t.deepEqual(steps, [])

  ends[0]?.()
  ends[0]?.()
  await setImmediate()
  t.deepEqual(steps, [], 'the other is still under way, and one ends once')

  ends[1]?.()
  await over
  t.deepEqual(steps, ['forgets', 'over'])
  t.false(right.isReliedOn)
})

test('the right is not over before what was known is forgotten', async (t) => {
  const forgotten = new Gate()
  const { right, steps } = await takeRight(() => forgotten.passed)
  const over = Promise.all([right.end(), right.promise(), right.settled()])
  void over.then(() => steps.push('over'))
  await setImmediate()
  t.deepEqual(steps, ['forgets'])
  t.true(right.isReliedOn)
  forgotten.open()
  await over
  t.deepEqual(steps, ['forgets', 'over'])
})

test('the right is not taken while anything that relied on it is under way', async (t) => {
  const { right, steps } = await takeRight()
  const end = right.begin()
  const over = right.end()
  const taken = right.take(right.promises, signal).then(() => steps.push('taken'))
  await setImmediate()
  t.deepEqual([right.isHeld, ...steps], [false])
  end?.()
  await Promise.all([over, taken])
  t.true(right.isHeld)
  t.deepEqual(steps, ['forgets', 'forgets', 'taken'])
})

test('who has promised a newcomer since the claim began does not take the right', async (t) => {
  const right = new SoleRight(async () => {})
  const { promises } = right
  await right.promise()
  t.false(await right.take(promises, signal))
  t.false(right.isHeld)
  t.true(await right.take(right.promises, signal), 'the next claim is another')
})

test('who promises a newcomer while it forgets what was known does not take the right', async (t) => {
  const right: SoleRight = new SoleRight(async () => {
    await right.promise()
  })
  t.false(await right.take(right.promises, signal))
})

test('who leaves does not take the right', async (t) => {
  const right = new SoleRight(async () => {})
  t.false(await right.take(right.promises, AbortSignal.abort()))
  t.false(right.isHeld)
})
