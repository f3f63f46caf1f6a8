import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Running } from '../support/command.ts'
import { run, start } from '../support/command.ts'
import { times, variants } from '../support/counts.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../support/database.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { addDataSet } from '../support/rows.ts'
import { openSocket } from '../support/sockets.ts'
import { stopUnderLoad } from '../support/stop-under-load.ts'
import { until } from '../support/until.ts'

interface Serving extends Running {
  readonly url: string
}

async function serve(databaseUrl: string, environment: Record<string, string> = {}): Promise<Serving> {
  const running = start(['serve', '--port', '0', '--database-url', databaseUrl], environment)
  onTestFinished(async () => {
    running.child.kill('SIGKILL')
    await running.finished
  })
  const [url = ''] = /http:\/\/[^/\s]+/.exec(await running.printed('Stop with Ctrl+C')) ?? []
  return { ...running, url }
}

async function database(): Promise<TestDatabase> {
  const own = untilTestEnds(await cloneDatabase('V2'))
  await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 3 })
  return own
}

const post = (url: string, query: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })

describe('serve after SIGTERM', () => {
  it.each(
    variants(
      [
        ['with keep-alive', true],
        ['without keep-alive', false],
      ] as const,
      1,
    ),
  )(
    'under load %s answers all accepted requests, and exits with 0',
    async (_, keepAlive) => {
      const own = await database()
      await stopUnderLoad(times(25, 1), keepAlive, () => serve(own.url, { DRAIN_MS: '1000' }))
    },
    600_000,
  )

  it('ends subscriptions and WebSockets with a hint, and exits with 0', async () => {
    const own = await database()
    const serving = await serve(own.url, { DRAIN_MS: '0' })
    const [idle, busy] = [await openSocket(serving.url), await openSocket(serving.url)]
    await busy.init()
    busy.send({ type: 'subscribe', id: 'a', payload: { query: 'subscription { allChanges { token } }' } })
    await until('it has begun', () => busy.of('a').length === 1)
    // One that does not answer the close.
    idle.socket.pause()
    serving.child.kill('SIGTERM')
    expect(await busy.closed).toMatchObject([1012, /^UNAVAILABLE/])
    expect(busy.of('a').at(-1)).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'UNAVAILABLE' } }] })
    expect((await serving.finished).code).toBe(0)
  })

  it('reports it in /ready and closes the connection after every response, including pending ones', async () => {
    const own = await database()
    const serving = await serve(own.url, { DRAIN_MS: '3000' })
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const read = async (path: string) => {
      const sent = request(`${serving.url}${path}`, { agent }).end()
      const [response] = await once(sent, 'response')
      return { status: response.statusCode, connection: response.headers.connection, body: await text(response) }
    }
    expect(await read('/ready')).toMatchObject({ status: 200, connection: 'keep-alive' })
    await own.sql('BEGIN; LOCK selectors IN ACCESS EXCLUSIVE MODE')
    const locked = post(serving.url, '{ selectors { nodes { id } } }')
    await until('the statement waits', async () => {
      const waiting = await own.sql(`SELECT pid FROM pg_locks WHERE NOT granted`)
      return waiting.length > 0
    })
    serving.child.kill('SIGTERM')
    await serving.printed('Stopping on SIGTERM')
    expect(await read('/ready')).toEqual({
      status: 503,
      connection: 'close',
      body: JSON.stringify({ status: 'unavailable', reasons: { gateway: 'it is stopping' } }),
    })
    expect(await read('/live')).toMatchObject({ status: 200, connection: 'close' })
    await own.sql('COMMIT')
    const answer = await locked
    expect(answer.headers.get('connection')).toBe('close')
    expect(await answer.json()).toMatchObject({ data: { selectors: { nodes: [{}, {}, {}] } } })
    expect((await serving.finished).code).toBe(0)
  })

  it('exits although an idle client keeps its connection open', async () => {
    const own = await database()
    const serving = await serve(own.url, { DRAIN_MS: '0' })
    const socket = connect(Number(new URL(serving.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    const ended = once(socket, 'close')
    serving.child.kill('SIGTERM')
    await ended
    expect((await serving.finished).code).toBe(0)
  })

  it('exits although its database no longer answers', async () => {
    const own = await database()
    const proxy = untilTestEnds(await startFaultProxy(own.url))
    const serving = await serve(proxy.url)
    expect((await post(serving.url, '{ selectors { totalCount } }')).status).toBe(200)
    proxy.silenceAll()
    const unanswered = post(serving.url, '{ selectors { totalCount nodes { id } } }').then(
      (answer) => answer.status,
      () => 'cut off',
    )
    serving.child.kill('SIGTERM')
    const { code } = await serving.finished
    expect(code).toBe(0)
    expect(await unanswered).not.toBe(undefined)
  })

  it('exits although its rate store no longer answers', async () => {
    const own = await database()
    const store = untilTestEnds(await emptyDatabase())
    const proxy = untilTestEnds(await startFaultProxy(store.url))
    const serving = await serve(own.url, {
      RATE_LIMIT_STORE_URL: proxy.url,
      RATE_LIMIT_SECRET: 'a secret of the test',
      RATE_LIMIT_REQUESTS: '1000',
    })
    expect((await post(serving.url, '{ __typename }')).status).toBe(200)
    proxy.silenceAll()
    const unanswered = post(serving.url, '{ __typename }').then(
      (answer) => answer.status,
      () => 'cut off',
    )
    serving.child.kill('SIGTERM')
    expect((await serving.finished).code).toBe(0)
    await unanswered
  })

  it('exits although its audit log goes to a pipe that is no longer read', async () => {
    const own = await database()
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-stop-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'keys.jsonl')
    const made = await run(['key', 'create', '--name', 'dashboard', '--scope', 'sipis:read', '--file', file])
    const serving = await serve(own.url, { API_KEYS_FILE: file })
    // The audit log goes to standard error, a pipe that is not read from now on.
    serving.child.stderr?.pause()
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${made.stdout.trim()}` }
    const ask = async () => {
      const answer = await fetch(`${serving.url}/graphql`, {
        method: 'POST',
        headers,
        body: '{"query":"{ __typename }"}',
      })
      await answer.text()
    }
    // More data than the pipe and the buffer of the reader hold.
    for (let n = 0; n < 40; n++) await Promise.all(Array.from({ length: 50 }, ask))
    serving.child.kill('SIGTERM')
    const [code, signal] = await once(serving.child, 'exit')
    expect([code, signal]).toEqual([0, null])
    serving.child.stderr?.resume()
  })

  it('exits at once after a later signal', async () => {
    const own = await database()
    const serving = await serve(own.url, { DRAIN_MS: '60000' })
    serving.child.kill('SIGTERM')
    await serving.printed('Stopping on SIGTERM')
    // Signals that come with the first one are taken for the same.
    const again = setInterval(() => serving.child.kill('SIGINT'), 100)
    onTestFinished(() => clearInterval(again))
    expect((await serving.finished).code).toBe(130)
  })
})
