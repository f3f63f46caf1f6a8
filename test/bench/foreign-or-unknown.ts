/**
 * Tests whether response times reveal to a device that another selector exists.
 *
 *   npm run bench:timing
 *
 * Requests a foreign and an unknown selector in turn, by name and by id, over HTTP on a real database. Prints the medians and
 * how often the foreign one was slower in a pair; chance is 50 %.
 */

import pg from 'pg'
import { openPool } from '../../src/database/pool.ts'
import { encodeNodeId } from '../../src/graph/node-id.ts'
import { createGateway } from '../../src/http/gateway.ts'
import { listen } from '../../src/http/listen.ts'
import { detect } from '../../src/sipis/detect.ts'
import { migrateServer } from '../../src/sipis/migrations.ts'
import { ignore } from '../../src/telemetry/observation.ts'
import { startPostgres } from '../support/postgres.ts'
import { authenticateAs, device } from '../support/principals.ts'
import { selectorNamed } from '../support/rows.ts'
import { asAdmin, createDatabase, urlOf } from '../support/templates.ts'

const rounds = 3_000
const doors: Readonly<Record<string, (name: string) => string>> = {
  selector: (name) => `{ selector(name: "${name}") { id calls { nodes { id } } } }`,
  node: (name) => `{ node(id: "${encodeNodeId('Selector', name)}") { id } }`,
  'node of a call': (name) => `{ node(id: "${encodeNodeId('Call', `1:${name}`)}") { id } }`,
}

const postgres = await startPostgres()
try {
  await asAdmin(postgres.url, (admin) => createDatabase(admin, 'timing', 'UTF8'))
  const url = urlOf(postgres.url, 'timing')
  await fill(url)
  const database = openPool({
    connection: { connectionString: url },
    maxConnections: 4,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 5_000,
    applicationName: 'sipis-gateway bench',
  })
  const gateway = await createGateway({
    database,
    detected: await detect(database),
    timeZone: 'UTC',
    observe: ignore,
    example: { selector: '', username: '' },
    authenticate: authenticateAs([device('device', selectorNamed(1))]),
  })
  const server = await listen(gateway.handle, { host: '127.0.0.1', port: 0 }, 10)
  for (const [door, query] of Object.entries(doors)) await measure(server.url, door, query)
  await server.close({ drainMs: 0, graceMs: 1_000 })
  await database.close()
} finally {
  await postgres.stop()
}

async function fill(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await migrateServer(client, 'V2')
  await client.query(`INSERT INTO selectors (selector)
    SELECT '12869E0E6E553673C54F29105A0647204C416A2A:' || upper(lpad(to_hex(n), 8, '0')) FROM generate_series(1, 10000) n`)
  await client.end()
}

async function measure(url: string, door: string, query: (name: string) => string): Promise<void> {
  const times = { foreign: [] as number[], unknown: [] as number[] }
  let foreignSlower = 0
  for (let n = 0; n < rounds; n++) {
    const ask = {
      foreign: () => timed(url, query(selectorNamed(2 + n))),
      unknown: () => timed(url, query(selectorNamed(20_000 + n))),
    }
    // The first of a pair is slower more often, so the order alternates.
    const order = n % 2 === 0 ? (['foreign', 'unknown'] as const) : (['unknown', 'foreign'] as const)
    for (const kind of order) times[kind].push(await ask[kind]())
    if (Number(times.foreign.at(-1)) > Number(times.unknown.at(-1))) foreignSlower++
  }
  const median = (values: number[]) => (values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0) * 1000
  const [foreign, unknown] = [median(times.foreign), median(times.unknown)]
  process.stdout.write(
    `${door}: foreign ${foreign.toFixed(0)} µs, unknown ${unknown.toFixed(0)} µs, ratio ${(foreign / unknown).toFixed(3)}; ` +
      `foreign the slower one in ${((100 * foreignSlower) / rounds).toFixed(1)} % of ${rounds} pairs\n`,
  )
}

async function timed(url: string, query: string): Promise<number> {
  const before = performance.now()
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer device' },
    body: JSON.stringify({ query }),
  })
  await response.text()
  return performance.now() - before
}
