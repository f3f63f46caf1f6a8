import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ListenOptions } from '../../../src/http/listen.ts'
import { listen } from '../../../src/http/listen.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'
import { until } from '../../support/until.ts'

let own: TestDatabase
let client: Client
beforeAll(async () => {
  own = await cloneDatabase('V2')
  client = await openClient(openReader(own.url), { authenticate: authenticateAs([tool('reader', 'sipis:read')]) })
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

function opened(url: string, from = '127.0.0.1'): Socket {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: from })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  return socket
}

const answering: RequestListener = (_, response) => response.end('answered')
const timeouts = { headersTimeout: 200, requestTimeout: 400, keepAliveTimeout: 100, connectionsCheckingInterval: 50 }

async function served(options: ListenOptions, handler = answering): Promise<string> {
  const server = await listen(handler, { host: '127.0.0.1', port: 0 }, 100, options)
  onTestFinished(() => server.close({ drainMs: 0, graceMs: 0 }))
  return server.url
}

const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'

describe('A connection', () => {
  it.each([
    ['sends nothing', ''],
    ['does not finish its headers', 'GET / HTTP/1.1\r\nHost: localhost\r\nX: '],
    ['does not finish its body', `${head}Content-Length: 10\r\n\r\n{`],
  ])('that %s is closed', async (_, sent) => {
    const url = await served({ timeouts }, (request) => void request.resume())
    const socket = opened(url)
    socket.write(sent)
    expect(await text(socket)).toMatch(/^(HTTP\/1.1 408 .*)?$/s)
  })

  it('is closed if it is idle after a response', async () => {
    const socket = opened(await served({ timeouts }))
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await text(socket)).toContain('answered')
  })

  it('beyond the limit of its address is closed, one of another address is not, and closing one frees its place', async () => {
    const url = await served({ limits: { perAddress: 2, trustedProxies: [], loopback: true } })
    const ask = async (from?: string) => {
      const socket = opened(url, from)
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
      const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')))
      return { socket, answer: await Promise.race([answer, closed]) }
    }
    const answers = [await ask(), await ask(), await ask(), await ask('127.0.0.2')]
    const refused = answers.map(({ answer }) => answer === 'closed')
    expect(refused).toEqual([false, false, true, false])
    answers[0]?.socket.destroy()
    await until('there is room', async () => (await ask()).answer !== 'closed')
  })

  it.each([
    ['this machine', { perAddress: 1, trustedProxies: [] }],
    ['a trusted proxy', { perAddress: 1, trustedProxies: ['127.0.0.0/8'], loopback: true }],
  ])('of %s does not count', async (_, limits) => {
    const url = await served({ limits })
    for (let n = 0; n < 5; n++) {
      const socket = opened(url)
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      expect(String(await once(socket, 'data'))).toContain('answered')
    }
  })
})

describe('A query by GET', () => {
  it('ends its connection if it has a body that is not complete', async () => {
    const socket = opened(client.url)
    const query = encodeURIComponent('{ viewer { name } }')
    const headers = 'Host: localhost\r\nAccept: application/json\r\nAuthorization: Bearer reader\r\n'
    socket.write(`GET /graphql?query=${query} HTTP/1.1\r\n${headers}Content-Length: 10\r\n\r\n{`)
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 .*connection: close.*reader/is)
  })
})

describe('A request that is rejected before its body is complete', () => {
  it.each([
    ['without a credential', '401', head],
    ['with a wrong credential', '401', `${head}Authorization: Bearer nobody\r\n`],
    ['for another path', '404', head.replace('/graphql', '/x')],
    ['for its type', '415', head.replace('application/json', 'text/plain').concat('Authorization: Bearer reader\r\n')],
    ['for its origin', '403', `${head}Origin: https://evil.example\r\n`],
    ['for its method', '405', head.replace('POST', 'PUT')],
  ])('%s gets its response while it is still sending, and the connection is closed', async (_, status, headers) => {
    const socket = opened(client.url)
    socket.write(`${headers}Content-Length: 50000000\r\n\r\n`)
    const chunk = Buffer.alloc(10_000, ' ')
    const sending = setInterval(() => socket.writable && socket.write(chunk), 5)
    const answer = await text(socket)
    clearInterval(sending)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toHaveProperty('errors')
    // Far less than the whole body has been received.
    expect(socket.bytesWritten).toBeLessThan(50_000_000)
  })

  it.each([
    ['is rejected', '', /^HTTP\/1.1 401 /],
    ['announces a body that is too long', 'Authorization: Bearer reader\r\n', /^HTTP\/1.1 413 /],
  ])('gets no 100 Continue if it %s', async (_, headers, answer) => {
    const socket = opened(client.url)
    socket.write(`${head}${headers}Content-Length: 50000000\r\nExpect: 100-continue\r\n\r\n`)
    expect(await text(socket)).toMatch(answer)
  })

  it('gets 100 Continue if its body is read', async () => {
    const socket = opened(client.url)
    socket.write(
      `${head}Authorization: Bearer reader\r\nContent-Length: 31\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n`,
    )
    expect(String(await once(socket, 'data'))).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('{"query":"{ viewer { name } }"}')
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 .*reader/s)
  })

  it('keeps its connection open if the body is complete', async () => {
    const socket = opened(client.url)
    socket.write(`${head}Content-Length: 2\r\n\r\n{}`)
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 401 .*connection: keep-alive/is)
    socket.write(`${head}Authorization: Bearer reader\r\nContent-Length: 31\r\n\r\n{"query":"{ viewer { name } }"}`)
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 200 /)
  })
})
