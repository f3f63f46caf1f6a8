import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { z } from 'zod'
import type { Gateway } from '../../src/gateway.ts'
import { openGateway } from '../../src/gateway.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'
import { openSocket } from '../support/sockets.ts'
import { until } from '../support/until.ts'

/** Spans in OTLP/JSON. */
const sent = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              attributes: z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })),
            }),
          ),
        }),
      ),
    }),
  ),
})
type Span = z.infer<typeof sent>['resourceSpans'][number]['scopeSpans'][number]['spans'][number]

async function listenOn(handle: RequestListener, upgrade?: Gateway['handleUpgrade']): Promise<string> {
  const server: Server = createServer(handle)
  if (upgrade !== undefined) server.on('upgrade', upgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  untilTestEnds({
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

async function openTraced() {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const target = { version: 'V2', sql: own.sql } as const
  for (const number of [1, 2]) await addSelector(target, number)
  await addRow(target, 'sipcalls', 1, { rowid: 1, time: 'now' })
  const bodies: unknown[] = []
  const collector = await listenOn(async (request, response) => {
    if (request.url === '/v1/traces') bodies.push(await json(request))
    response.end('{}')
  })
  const gateway = await openGateway({
    databaseUrl: own.url,
    auth: 'open',
    settings: { OTEL_EXPORTER_OTLP_ENDPOINT: collector },
    log: () => undefined,
  })
  const url = await listenOn(gateway.handle, gateway.handleUpgrade)
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    })
    await response.text()
    return response.headers.get('x-request-id')
  }
  return {
    url,
    ask,
    /** Closes the gateway, which sends pending spans. */
    async spans(): Promise<Span[]> {
      await gateway.close()
      return bodies.flatMap((body) =>
        sent.parse(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      )
    },
  }
}

function failed(): never {
  throw new Error('There is no such span.')
}

function attributeOf({ attributes }: Span, name: string): unknown {
  return Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0]
}

it('A request is a span in the trace of its caller, and each of its statements is a child span', async () => {
  const { url, ask, spans } = await openTraced()
  const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  const query = (number: number) =>
    `query Q${number} { selector(name: "${selectorNamed(number)}") { calls { nodes { callId } } } selectors { totalCount } }`
  const ids = await Promise.all([
    ask(query(1), { traceparent: `00-${traceId}-${parent}-01` }),
    ask(query(2)),
    ask('{ nothing }', { traceparent: 'nonsense' }),
  ])
  await (await fetch(`${url}/health`)).text()
  const all = await spans()
  const requests = all.filter(({ name }) => name === 'GraphQL request')
  expect(new Set(requests.map((span) => attributeOf(span, 'sipis_gateway.request_id')))).toEqual(new Set(ids))
  const named = (name: string | undefined) =>
    requests.find((span) => attributeOf(span, 'graphql.operation.name') === name)
  expect(named('Q1')).toMatchObject({ traceId, parentSpanId: parent })
  expect(attributeOf(requests.find((span) => span.traceId === traceId) ?? failed(), 'http.response.status_code')).toBe(
    200,
  )
  for (const name of ['Q1', 'Q2']) {
    const request = named(name)
    const statements = all.filter(({ parentSpanId }) => parentSpanId === request?.spanId)
    expect(statements.map((span) => span.name).toSorted()).toEqual([
      'statement: calls',
      'statement: calls',
      'statement: pool',
    ])
    for (const statement of statements) expect(statement.traceId).toBe(request?.traceId)
  }
  expect(all).toHaveLength(9)
  expect(JSON.stringify(all)).not.toContain(selectorNamed(1).slice(0, 8))
})

it('An operation of a WebSocket is a trace of its own, with its statements', async () => {
  const { url, spans } = await openTraced()
  const socket = await openSocket(url)
  await socket.init()
  for (const id of ['A', 'B']) {
    const query = `query ${id} { selector(name: "${selectorNamed(1)}") { calls { nodes { callId } } } }`
    socket.send({ type: 'subscribe', id, payload: { query } })
  }
  await until('both are answered', () => socket.received.length === 5)
  const all = await spans()
  const requests = all.filter(({ name }) => name === 'GraphQL request')
  expect(requests.map((span) => attributeOf(span, 'graphql.operation.name')).toSorted()).toEqual(['A', 'B'])
  expect(new Set(requests.map(({ traceId }) => traceId)).size).toBe(2)
  for (const { spanId, traceId } of requests) {
    const statements = all.filter(({ parentSpanId }) => parentSpanId === spanId)
    expect(statements.map((span) => [span.name, span.traceId])).toEqual([
      ['statement: calls', traceId],
      ['statement: calls', traceId],
    ])
  }
})
