/** Sends requests at a steady rate, and compares each response with the expected one. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import type { Gateway } from '../../src/gateway.ts'
import { openGateway } from '../../src/gateway.ts'
import { migrateServer } from '../../src/sipis/migrations.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

const selectors = 20
/** A read-only role whose number of connections can be limited. */
export const reader = 'sipis_reader'

/** Different rows for each selector, so that a response for another request is detected. */
export async function fill(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await migrateServer(client, 'V2')
  const target = {
    version: 'V2' as const,
    async sql(text: string, values: readonly unknown[] = []) {
      const { rows } = await client.query<(string | null)[]>({ text, values: [...values], rowMode: 'array' })
      return rows
    },
  }
  for (let number = 1; number <= selectors; number++) {
    await addSelector(target, number)
    for (let n = 0; n < 3; n++) {
      const cells = { rowid: number * 10 + n, time: `2026-01-0${n + 1}`, username: `caller ${number} ${n}` }
      await addRow(target, 'sipcalls', number, cells)
    }
    await addRow(target, 'tokens', number, { rowid: number, token: `token ${number}`, appid: `app ${number}` })
  }
  await client.query(
    `CREATE ROLE ${reader} LOGIN PASSWORD 'password'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`,
  )
  await client.end()
}

const fields = 'name calls { totalCount nodes { callId caller { username } } } tokens { nodes { appId } }'
const queries = Array.from(
  { length: selectors },
  (_, n) => `{ selector(name: "${selectorNamed(n + 1)}") { ${fields} } }`,
)
const list = `{ selectors(first: ${selectors}, orderBy: NAME_ASC) { nodes { ${fields} } } calls(first: 5, orderBy: OLDEST_FIRST) { nodes { id } } }`

/** Codes that a gateway may return while its database is unavailable. */
const expectedCodes = new Set(['UNAVAILABLE', 'TIMEOUT'])

export interface Tally {
  right: number
  /** Requests that were rejected or failed with an expected code. */
  failed: number
  readonly codes: Record<string, number>
  /** Must be empty: wrong responses, other codes or statuses, broken connections. */
  readonly wrong: string[]
  slowestMs: number
}

export interface Load extends AsyncDisposable {
  readonly tally: Tally
  readonly gateway: Gateway
  readonly log: string[]
  /** Sends about 40 requests a second until `work` is done and all of them are answered. */
  during(work: () => Promise<unknown>): Promise<void>
  /** Resolves with the milliseconds until every kind of request succeeds again. */
  recovery(): Promise<number>
  answer(query: string, signal?: AbortSignal): Promise<Response>
  get(path: string): Promise<Response>
  /** The response of /ready. */
  ready(): Promise<{ readonly status: number }>
}

export async function startLoad(databaseUrl: string, settings: Readonly<Record<string, string>> = {}): Promise<Load> {
  const log: string[] = []
  const gateway = await openGateway({
    databaseUrl,
    auth: 'open',
    allowWritableRole: true,
    settings: {
      DATABASE_LOOKUP_TIMEOUT_MS: '1000',
      DATABASE_STATEMENT_TIMEOUT_MS: '1500',
      LIMIT_OPERATION_MS: '4000',
      ...settings,
    },
    log: ({ message, fields: more }) => log.push(`${message} ${JSON.stringify(more)}`),
  })
  const server = createServer(gateway.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const answer = (query: string, signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      ...(signal === undefined ? {} : { signal }),
    })
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
  const all = [...queries, list]
  const expected = new Map<string, unknown>()
  for (const query of all) expected.set(query, await (await answer(query)).json())
  const tally: Tally = { right: 0, failed: 0, codes: {}, wrong: [], slowestMs: 0 }

  /** Sends one request. Returns whether the response is correct. */
  const request = async (query: string): Promise<boolean> => {
    const start = performance.now()
    try {
      const response = await answer(query)
      const found: Answer = await response.json()
      tally.slowestMs = Math.max(tally.slowestMs, performance.now() - start)
      return judge(tally, response.status, found, expected.get(query))
    } catch (error) {
      tally.wrong.push(`${query.slice(0, 60)}: ${error}`)
      return false
    }
  }
  return {
    tally,
    gateway,
    log,
    answer,
    get,
    async ready() {
      const response = await get('/ready')
      return { ...(await response.json()), status: response.status }
    },
    async during(work) {
      const open = new Set<Promise<unknown>>()
      let n = 0
      const timer = setInterval(() => {
        const asked = request(all[n++ % all.length] ?? list).finally(() => open.delete(asked))
        open.add(asked)
      }, 25)
      await work()
      clearInterval(timer)
      await Promise.all(open)
    },
    async recovery() {
      const start = performance.now()
      for (;;) {
        const answers = await Promise.all([...queries.slice(0, 3), list].map(request))
        if (answers.every(Boolean)) return Math.round(performance.now() - start)
        if (performance.now() - start > 20_000) throw new Error(`Not right again: ${JSON.stringify(tally.codes)}`)
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await gateway.close()
    },
  }
}

interface Answer {
  readonly data?: object | null
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
}

function judge(tally: Tally, status: number, found: Answer, expected: unknown): boolean {
  if (found.errors === undefined) {
    const isRight = status === 200 && isDeepStrictEqual(found, expected)
    if (isRight) tally.right++
    else tally.wrong.push(`${status} ${JSON.stringify(found).slice(0, 300)}`)
    return isRight
  }
  tally.failed++
  for (const { extensions } of found.errors) {
    tally.codes[extensions.code] = (tally.codes[extensions.code] ?? 0) + 1
    if (!expectedCodes.has(extensions.code)) tally.wrong.push(`${status} ${JSON.stringify(found.errors).slice(0, 300)}`)
  }
  if (!isPartOf(found.data, (expected as Answer).data))
    tally.wrong.push(`mixed: ${JSON.stringify(found).slice(0, 300)}`)
  return false
}

/** Whether the data next to the errors is correct. */
function isPartOf(found: unknown, expected: unknown): boolean {
  if (found === null || found === undefined) return true
  if (typeof found !== 'object') return found === expected
  if (typeof expected !== 'object' || expected === null) return false
  const right = new Map(Object.entries(expected))
  return Object.entries(found).every(([name, value]) => isPartOf(value, right.get(name)))
}
