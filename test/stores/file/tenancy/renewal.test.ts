import test from 'ava'
import type { Verdict } from '../../../../stores/file/owner.ts'
import type { Register, Tenant } from '../../../../stores/file/tenancy/register.ts'
import { type RenewalOptions, renewRegister } from '../../../../stores/file/tenancy/renewal.ts'

const tenantOf = (digit: string): Tenant => ({
  name: digit.repeat(16),
  owner: `owner ${digit}`,
  directory: '1',
})
const [self, other, third] = [tenantOf('0'), tenantOf('1'), tenantOf('2')]

function registerOf(tenants: readonly Tenant[], sole: readonly Tenant[] = []): Register {
  return { tenants, sole: sole.map(({ name }) => name), shared: false }
}

/** What `self` makes of a register, when the others are what `verdict` says. */
function renew(
  register: Register,
  verdict: Verdict | ((tenant: Tenant) => Verdict) = 'alive',
  options: Partial<RenewalOptions> = {},
): ReturnType<typeof renewRegister> {
  const judge = async (tenant: Tenant): Promise<Verdict> =>
    typeof verdict === 'string' ? verdict : verdict(tenant)
  return renewRegister(register, {
    self,
    former: [],
    isJoined: false,
    isSole: false,
    judge,
    ...options,
  })
}

test('the first enters the register, and claims to be alone', async (t) => {
  t.deepEqual(await renew(registerOf([])), {
    register: registerOf([self], [self]),
    isNew: true,
    isClaim: true,
    isDue: true,
  })
})

test('who is not proven dead stays, named as it is, and nobody claims to be alone beside it', async (t) => {
  for (const verdict of ['alive', 'unknown'] as const) {
    t.deepEqual(await renew(registerOf([other], [other]), verdict), {
      register: registerOf([other, self], [other]),
      isNew: true,
      isClaim: false,
      isDue: true,
    })
  }
})

test('the dead are taken off the register, and are not asked either', async (t) => {
  const register = registerOf([other, third, self], [other])
  const verdict = ({ name }: Tenant): Verdict => (name === other.name ? 'dead' : 'alive')
  t.deepEqual(await renew(register, verdict, { isJoined: true }), {
    register: registerOf([third, self]),
    isNew: false,
    isClaim: false,
    isDue: true,
  })
})

test('the last one left claims to be alone, once nothing it began before is under way', async (t) => {
  const register = registerOf([other, self])
  t.like(await renew(register, 'dead', { isJoined: true }), {
    register: registerOf([self], [self]),
    isClaim: true,
  })
  t.like(await renew(register, 'dead', { isJoined: true, isSole: true }), { isClaim: false })
})

test('where somebody was whom nobody can ask, nobody is alone any more', async (t) => {
  const register = { ...registerOf([]), shared: true }
  t.like(await renew(register), { isClaim: false, register: { sole: [], shared: true } })
  t.like(await renew(registerOf([other]), 'dead', { self: undefined }), {
    isClaim: false,
    register: { tenants: [], sole: [], shared: true },
  })
})

test('who was on the register and is not any more does not enter it again: others may have come', async (t) => {
  t.is(await renew(registerOf([]), 'alive', { isJoined: true }), undefined)
  t.is(await renew(registerOf([other]), 'alive', { isJoined: true }), undefined)
})

test('who is named sole and is not has its name cleared; who still finishes what it began has not', async (t) => {
  const register = registerOf([other, self], [self])
  t.like(await renew(register, 'alive', { isJoined: true }), {
    register: registerOf([other, self]),
    isDue: true,
  })
  t.like(await renew(register, 'alive', { isJoined: true, isSole: true }), {
    register,
    isDue: false,
  })
})

test('our own former name is nobody’s', async (t) => {
  const register = registerOf([other], [other])
  t.like(await renew(register, 'alive', { former: [other.name] }), {
    register: registerOf([self], [self]),
    isClaim: true,
  })
})
