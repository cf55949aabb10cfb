import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { nodeFileSystem } from '../../../stores/file/file-system.ts'
import { createOwner, type OwnProcess, processIdOf } from '../../../stores/file/owner.ts'

const linux = process.platform === 'linux' ? test : test.skip
const owner = createOwner(nodeFileSystem)

/** A /proc in which process 42 has this line. */
function owner42(stat: string, platform = 'linux') {
  const files: Record<string, string> = {
    '/proc/sys/kernel/random/boot_id': 'aaaaaaaa-0000\n',
    '/proc/self/stat': stat,
    '/proc/42/stat': stat,
  }
  const fs = {
    ...nodeFileSystem,
    readText: async (path: string) => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
      return text
    },
    stat: async () => ({ ino: 7n }) as never,
  }
  return { files, owner: createOwner(fs, { pid: 42, platform, kill: () => true }) }
}

function statLine(start: number, state = 'S', name = 'node'): string {
  return `42 (${name}) ${state} ${Array.from({ length: 18 }, (_, index) => index + 4).join(' ')} ${start} 99`
}

test('this process is alive, also by a name with more after it', async (t) => {
  const name = await owner.identify()
  t.regex(name, /^t-[0-9a-f]{8}-\d+-\d+-\d+-\d+$/)
  t.is(await owner.judge(name), 'alive')
  t.is(await owner.judge(`${name}-more`), 'alive')
  t.is(processIdOf(name), process.pid)
})

test('a process that has ended is dead', async (t) => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  const name = (await owner.identify()).replace(`-${process.pid}-`, `-${child.pid}-`)
  t.is(await owner.judge(name), 'dead')
})

linux('a later process under the same id is not the one that made the name', async (t) => {
  const { owner, files } = owner42(statLine(1000))
  const name = await owner.identify()
  t.is(name.split('-').slice(0, 5).join('-'), 't-aaaaaaaa-7-42-1000')
  t.is(await owner.judge(name), 'alive')
  files['/proc/42/stat'] = statLine(2000)
  t.is(await owner.judge(name), 'dead')
})

test('a process that has ended but was not waited for is dead', async (t) => {
  const { owner, files } = owner42(statLine(1000))
  const name = await owner.identify()
  files['/proc/42/stat'] = statLine(1000, 'Z')
  t.is(await owner.judge(name), 'dead')
})

test('a program may have spaces and parentheses in its name', async (t) => {
  const { owner } = owner42(statLine(1000, 'S', 'a) R 1 (b'))
  const name = await owner.identify()
  t.is(await owner.judge(name), 'alive')
  t.true(name.includes('-42-1000-'))
})

test('nothing is said of another boot, another pid namespace or a name not of ours', async (t) => {
  const { owner } = owner42(statLine(1000))
  const name = await owner.identify()
  t.is(await owner.judge(name.replace('aaaaaaaa', 'bbbbbbbb')), 'unknown')
  t.is(await owner.judge(name.replace('-7-', '-8-')), 'unknown')
  t.is(await owner.judge('t-aaaaaaaa-7'), 'unknown')
  t.is(await owner.judge(''), 'unknown')
  t.is(await owner.judge('../x'), 'unknown')
})

test('nothing is said when /proc is that of another pid namespace, or hides the process', async (t) => {
  const outer = owner42(statLine(1000).replace('42', '4242'))
  t.is(await outer.owner.judge(await outer.owner.identify()), 'unknown')
  const hidden = owner42(statLine(1000))
  const name = await hidden.owner.identify()
  delete hidden.files['/proc/42/stat']
  t.is(await hidden.owner.judge(name), 'unknown')
})

test('where there is no /proc the process id decides', async (t) => {
  const alive = new Set([42])
  const kill: OwnProcess['kill'] = (pid) => {
    if (!alive.has(pid)) throw Object.assign(new Error(), { code: 'ESRCH' })
  }
  const fs = { ...nodeFileSystem, readText: () => Promise.reject(new Error()) }
  const owner = createOwner(fs, { pid: 42, platform: 'darwin', kill })
  const name = await owner.identify()
  t.is(await owner.judge(name), 'alive')
  t.is(await owner.judge(name.replace('-42-', '-43-')), 'dead')
})
