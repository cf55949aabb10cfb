import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { shop } from '../support/attacked-shop.ts'
import { openWebsite } from '../support/website.ts'

test('a listener that throws harms no request', async (t) => {
  t.teardown(() => process.off('warning', noteWarning))
  const warnings: string[] = []
  const noteWarning = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', noteWarning)
  const site = await openWebsite(t, shop)
  site.sessions.on('create', () => {
    throw new Error('clumsy')
  })
  t.is((await site.visit().get('/login')).status, 200)
  t.true(warnings.some((message) => message.includes("'create'")))
})

// `${error}` of an object without prototype, or of a symbol, throws in the catch block of emit(), and that becomes the request's 500.
test('a listener that throws something odd harms no request either', async (t) => {
  const site = await openWebsite(t, shop)
  site.sessions.on('create', () => {
    throw Object.create(null)
  })
  t.is((await site.visit().get('/login')).status, 200)
})

// emit() catches what a listener throws, but an async one that fails makes an unhandled rejection, and that ends the process.
test('an async listener that fails does not end the process', async (t) => {
  const library = new URL('../../lib/index.js', import.meta.url).href
  const script = `
    import { MemoryStore, session } from ${JSON.stringify(library)}
    const sessions = session({ store: new MemoryStore(), sweep: false })
    sessions.on('forged', async () => { throw new Error('clumsy') })
    const cookie = 'sid=' + 'A'.repeat(64)
    const request = { headers: { host: 'localhost', cookie }, httpVersion: '1.1', socket: { remoteAddress: '127.0.0.1' } }
    await sessions.fromRequest(request)
    await new Promise((resolve) => setTimeout(resolve, 20))
    console.log('alive')`
  const run = promisify(execFile)
  const words = ['--input-type=module', '--eval', script]
  const { stdout } = await run(process.execPath, words, { timeout: 20_000 })
  t.is(stdout.trim(), 'alive')
})
