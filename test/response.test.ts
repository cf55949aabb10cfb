import { createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { ResponseHeaders } from '../lib/response.ts'

/** What a real client got. */
interface Answer {
  readonly status: number
  readonly reason: string
  /** The lines of one header, in order. */
  header(name: string): readonly string[]
}

/** Answers a real request with `respond`, and says what the client got. */
async function answerOf(
  t: ExecutionContext,
  respond: (response: ServerResponse, headers: ResponseHeaders) => void,
): Promise<Answer> {
  const server = createServer((_request, response) => {
    response.sendDate = false
    try {
      respond(response, new ResponseHeaders(response))
      response.end()
    } catch (error) {
      t.fail(`${error}`)
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (message) => {
      message.resume()
      const { rawHeaders, statusCode = 0, statusMessage = '' } = message
      const header = (name: string): readonly string[] =>
        rawHeaders.filter(
          (_, index) =>
            index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name.toLowerCase(),
        )
      resolve({ status: statusCode, reason: statusMessage, header })
    })
    request.on('error', reject)
  })
}

test('what is not asked for is not sent', async (t) => {
  const answer = await answerOf(t, () => undefined)
  for (const name of ['Vary', 'Set-Cookie', 'Cache-Control']) t.deepEqual(answer.header(name), [])
})

test('a response that depends on the cookie says so', async (t) => {
  const answer = await answerOf(t, (_response, headers) => {
    headers.vary()
    headers.vary()
  })
  t.deepEqual(answer.header('Vary'), ['Cookie'])
  t.deepEqual(answer.header('Cache-Control'), [])
})

test('a response with our cookie is not stored by anybody', async (t) => {
  const answer = await answerOf(t, (response, headers) => {
    response.setHeader('Cache-Control', 'public, max-age=3600')
    headers.setCookie('sid=1')
  })
  t.deepEqual(answer.header('Set-Cookie'), ['sid=1'])
  t.deepEqual(answer.header('Cache-Control'), ['no-store'])
})

test('the last cookie is the one that is sent, and undefined is none', async (t) => {
  const last = await answerOf(t, (_response, headers) => {
    headers.setCookie('sid=1')
    headers.setCookie('sid=2')
  })
  t.deepEqual(last.header('Set-Cookie'), ['sid=2'])
  const none = await answerOf(t, (response, headers) => {
    response.setHeader('Cache-Control', 'public')
    headers.setCookie('sid=1')
    headers.setCookie(undefined)
  })
  t.deepEqual(none.header('Set-Cookie'), [])
  t.deepEqual(none.header('Cache-Control'), ['public'])
})

test('the cookies of others are sent beside ours, whenever they were set', async (t) => {
  const answer = await answerOf(t, (response, headers) => {
    response.setHeader('Set-Cookie', ['a=1', 'b=2'])
    headers.setCookie('sid=1')
    response.appendHeader('Set-Cookie', 'c=3')
  })
  t.deepEqual(answer.header('Set-Cookie'), ['a=1', 'b=2', 'c=3', 'sid=1'])
  const single = await answerOf(t, (response, headers) => {
    response.setHeader('Set-Cookie', 'a=1')
    headers.setCookie('sid=1')
  })
  t.deepEqual(single.header('Set-Cookie'), ['a=1', 'sid=1'])
})

test('headers that are stripped on the way, as for an error page, cost us ours not', async (t) => {
  const answer = await answerOf(t, (response, headers) => {
    headers.vary()
    headers.setCookie('sid=1')
    for (const name of response.getHeaderNames()) response.removeHeader(name)
  })
  t.deepEqual(answer.header('Set-Cookie'), ['sid=1'])
  t.deepEqual(answer.header('Vary'), ['Cookie'])
})

test('Vary keeps what it had, and names the cookie once', async (t) => {
  const varyOf = async (value: string | string[]): Promise<readonly string[]> => {
    const answer = await answerOf(t, (response, headers) => {
      response.setHeader('Vary', value)
      headers.vary()
    })
    return answer.header('Vary')
  }
  t.deepEqual(await varyOf('Accept-Encoding'), ['Accept-Encoding, Cookie'])
  t.deepEqual(await varyOf('Accept-Encoding,Origin'), ['Accept-Encoding, Origin, Cookie'])
  t.deepEqual(await varyOf(['Accept-Encoding', 'Origin']), ['Accept-Encoding, Origin, Cookie'])
  t.deepEqual(await varyOf('Origin, cOOKIE'), ['Origin, cOOKIE'])
  t.deepEqual(await varyOf('*'), ['*'])
  t.deepEqual(await varyOf('Origin, *'), ['Origin, *'])
  t.deepEqual(await varyOf('Cookie-Law'), ['Cookie-Law, Cookie'])
  t.deepEqual(await varyOf(''), ['Cookie'])
})

test('headers given to writeHead() are sent with ours, in every form it takes', async (t) => {
  const forms: ((response: ServerResponse) => void)[] = [
    (response) => response.writeHead(201, { Vary: 'Origin', 'Set-Cookie': 'a=1', 'X-A': '1' }),
    (response) =>
      response.writeHead(201, 'Made', { vary: 'Origin', 'set-cookie': ['a=1'], 'X-A': 1 }),
    (response) => response.writeHead(201, ['Vary', 'Origin', 'Set-Cookie', 'a=1', 'X-A', '1']),
    (response) =>
      response.writeHead(201, 'Made', ['Vary', 'Origin', 'Set-Cookie', 'a=1', 'X-A', '1']),
    (response) =>
      response.writeHead(201, [
        ['Vary', 'Origin'],
        ['Set-Cookie', 'a=1'],
        ['X-A', '1'],
      ] as never),
    (response) =>
      response.writeHead(201, undefined, { Vary: 'Origin', 'Set-Cookie': 'a=1', 'X-A': '1' }),
  ]
  for (const [index, writeHead] of forms.entries()) {
    const answer = await answerOf(t, (response, headers) => {
      headers.vary()
      headers.setCookie('sid=1')
      writeHead(response)
    })
    t.is(answer.status, 201, `form ${index}`)
    t.deepEqual(answer.header('Set-Cookie'), ['a=1', 'sid=1'], `form ${index}`)
    t.deepEqual(answer.header('Vary'), ['Origin, Cookie'], `form ${index}`)
    t.deepEqual(answer.header('X-A'), ['1'], `form ${index}`)
    t.deepEqual(answer.header('Cache-Control'), ['no-store'], `form ${index}`)
  }
})

test('a status and a reason given to writeHead() are sent as they are', async (t) => {
  const alone = await answerOf(t, (response, headers) => {
    headers.vary()
    response.writeHead(404)
  })
  t.is(alone.status, 404)
  t.is(alone.reason, 'Not Found')
  const reason = await answerOf(t, (response, headers) => {
    headers.vary()
    response.writeHead(404, 'Nowhere')
  })
  t.is(reason.reason, 'Nowhere')
  t.deepEqual(reason.header('Vary'), ['Cookie'])
})

test('headers given to writeHead() go over those set before', async (t) => {
  for (const given of [{ 'X-A': '2' }, ['X-A', '2', 'x-a', '3']]) {
    const answer = await answerOf(t, (response, headers) => {
      headers.vary()
      response.setHeader('x-a', '1')
      response.writeHead(200, given as never)
    })
    t.deepEqual(answer.header('X-A'), Array.isArray(given) ? ['2', '3'] : ['2'])
  }
})

test('several values of one header in a list given to writeHead() stay several', async (t) => {
  const answer = await answerOf(t, (response, headers) => {
    headers.vary()
    response.writeHead(200, ['Set-Cookie', ['a=1', 'b=2']] as never)
  })
  t.deepEqual(answer.header('Set-Cookie'), ['a=1', 'b=2'])
})

test('writeHead() can be chained as ever, and is refused a second time as ever', async (t) => {
  await answerOf(t, (response, headers) => {
    headers.setCookie('sid=1')
    t.is(response.writeHead(200), response)
    t.throws(() => response.writeHead(200, { 'X-A': '1' }), { code: 'ERR_HTTP_HEADERS_SENT' })
  })
})

test('a head that is written by the first byte has our headers', async (t) => {
  const begin: ((response: ServerResponse) => void)[] = [
    (response) => response.flushHeaders(),
    (response) => void response.write('x'),
  ]
  for (const beginResponse of begin) {
    const answer = await answerOf(t, (response, headers) => {
      headers.setCookie('sid=1')
      t.false(headers.areSent)
      beginResponse(response)
      t.true(headers.areSent)
    })
    t.deepEqual(answer.header('Set-Cookie'), ['sid=1'])
  }
})

test('after the head nothing is sent, and nothing breaks', async (t) => {
  const answer = await answerOf(t, (response, headers) => {
    response.flushHeaders()
    const { writeHead } = response
    headers.vary()
    headers.setCookie('sid=1')
    t.is(response.writeHead, writeHead)
  })
  t.deepEqual(answer.header('Set-Cookie'), [])
})

test('a response that nobody asks anything of is left alone', async (t) => {
  await answerOf(t, (response, headers) => {
    t.false(Object.hasOwn(response, 'writeHead'))
    t.false(headers.areSent)
  })
})

test('two sessions on one response each send their cookie', async (t) => {
  const answer = await answerOf(t, (response, headers) => {
    const others = new ResponseHeaders(response)
    headers.setCookie('one=1')
    headers.vary()
    others.setCookie('two=2')
    others.vary()
  })
  t.deepEqual([...answer.header('Set-Cookie')].sort(), ['one=1', 'two=2'])
  t.deepEqual(answer.header('Vary'), ['Cookie'])
})
