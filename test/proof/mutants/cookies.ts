import { type Mutant, mutantsOf } from './mutant.ts'

/** Faults in the cookie: which are taken, and how ours are sent. */
export const cookieMutants: readonly Mutant[] = [
  ...mutantsOf('lib/keyring.ts', 'test/keyring.test.ts', [
    {
      what: 'the MAC of a cookie is not compared',
      find: 'timingSafeEqual(macOf(key, bytes), mac)',
      replace: 'key !== undefined',
    },
    {
      what: 'only the beginning of the MAC is compared',
      find: 'timingSafeEqual(macOf(key, bytes), mac)',
      replace: 'macOf(key, bytes).subarray(0, 8).equals(mac.subarray(0, 8))',
    },
    {
      what: 'a cookie has more than one form',
      find: "if (typeof value !== 'string' || !COOKIE_VALUE.test(value)) return undefined",
      replace: "if (typeof value !== 'string') return undefined",
    },
    {
      what: 'the cookie of one name is good under another',
      find: '), context])',
      replace: ')])',
    },
    {
      what: 'what signs cookies is part of what seals files',
      find: "derive(master, 'cookie\\0'",
      replace: "derive(master, 'seal\\0'",
    },
    {
      what: 'a cookie that is remembered outlives its key',
      find: '    this.#known = new RecentMap()\n',
      replace: '',
    },
    {
      what: 'a cookie of an old key is not signed anew',
      find: 'primary: index === 0',
      replace: 'primary: true',
    },
    {
      what: 'each wrong cookie has the ring looked at',
      find: 'now - this.#checked < CHECK_INTERVAL',
      replace: 'now < this.#checked',
    },
    {
      what: 'while the ring cannot be looked at, it is taken to be as it was',
      find: 'if (this.#refusal !== undefined) throw this.#refusal.error\n',
      replace: '',
    },
    {
      what: 'a key that is too short is taken',
      find: 'masters.length === 0 || masters.some((master) => master.length !== KEY_BYTES)',
      replace: 'masters.length === 0',
    },
    {
      what: 'two cookie names can make one label',
      find: 'return Buffer.concat([length, bytes])',
      replace: 'return bytes',
    },
  ]),
  ...mutantsOf('lib/cookie.ts', 'test/cookie.test.ts', [
    {
      what: '__Host- is put before a cookie with a domain, which no browser takes',
      find: "domain === undefined && path === '/'",
      replace: "path === '/'",
    },
    {
      what: '__Host- is put before a cookie with a path, which no browser takes',
      find: "domain === undefined && path === '/'",
      replace: 'domain === undefined',
    },
    {
      what: 'a cookie without a prefix is read where it is Secure',
      find: 'return secure ? this.#secureName : this.#options.name',
      replace: 'return this.#options.name',
    },
    { what: 'scripts can read the cookie', find: "      '; HttpOnly',\n", replace: '' },
    {
      what: 'the cookie travels over plain http',
      find: "      secure ? '; Secure' : '',\n",
      replace: '',
    },
    {
      what: 'the cookie goes along with requests from other sites',
      find: '; SameSite=',
      replace: '; Site=',
    },
    {
      what: 'a clearing cookie takes nothing away',
      find: "'; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT'",
      replace: "''",
    },
    {
      what: 'a cookie may ask to live longer than browsers allow',
      find: 'Math.min(LONGEST_MAX_AGE, Math.max(0, Math.floor(lifetime / 1000)))',
      replace: 'Math.max(0, Math.floor(lifetime / 1000))',
    },
    {
      what: 'the cookie can be plain in production',
      find: '      !production &&\n',
      replace: '',
    },
    {
      what: 'the cookie for other sites can be plain',
      find: "      options.sameSite !== 'none' &&\n",
      replace: '',
    },
    {
      what: 'a proxy that was seen is forgotten',
      find: 'this.#sawProxy ||= hasProxySign(request)',
      replace: 'this.#sawProxy = hasProxySign(request)',
    },
    {
      what: 'a name that only ends as a loopback one is loopback',
      find: '/^(?:localhost|',
      replace: '/(?:localhost|',
    },
    {
      what: 'whoever says localhost is taken for a developer, from anywhere',
      find: "PRIVATE_PEER.test(request.socket.remoteAddress ?? '')",
      replace: 'true',
    },
    {
      what: 'a developer is one at any host',
      find: 'LOOPBACK_HOST.test(hostOf(request)) &&\n',
      replace: 'true &&\n',
    },
    {
      what: 'X-Forwarded-* is no sign of a proxy',
      find: "name.startsWith('x-forwarded-')",
      replace: "name === 'x-forwarded-'",
    },
    {
      what: 'a request over https is not',
      find: '    !isEncrypted(request) &&\n',
      replace: '',
    },
  ]),
  ...mutantsOf('lib/cookie.ts', 'test/cookie-reading.test.ts', [
    {
      what: 'of two valid sessions, one of them planted, the first is taken',
      find: 'verified.some(({ id }) => !id.bytes.equals(first.id.bytes))',
      replace: 'verified.length < 0',
    },
    {
      what: 'a cookie whose name is written otherwise is ours',
      find: 'if (header.startsWith(name, named)) {',
      replace:
        'if (header.slice(named, named + name.length).toLowerCase() === name.toLowerCase()) {',
    },
    {
      what: 'a cookie whose name only begins as ours is ours',
      find: "equals < end && header[equals] === '='",
      replace: 'equals < end',
    },
    {
      what: 'much junk costs much',
      find: 'unknown > MOST_UNKNOWN ? undefined : keys.verifyCookie(value)',
      replace: 'keys.verifyCookie(value)',
      test: 'test/hostile/cookie-header.test.ts',
    },
    {
      what: 'junk is verified that cannot be ours',
      find: 'values.filter((value) => VALUE.test(value))',
      replace: 'values',
    },
  ]),
]
