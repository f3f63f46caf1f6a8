/**
 * How fast one selector's twenty newest calls are answered, and whether the answers are those of plain SQL.
 *
 *   npm run bench [-- --selectors 50000 --seconds 10]
 *
 * Starts PostgreSQL, makes and seeds a database of each version, serves it with `sipis-gateway serve` as a process of its
 * own, and asks over eight connections, a different selector each time. On a shared machine only ratios mean something.
 */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { defaultDataSet, selectorName } from '../../src/demo/data-set.ts'
import { run, start } from '../support/command.ts'
import { startPostgres } from '../support/postgres.ts'
import { asAdmin, createDatabase, urlOf } from '../support/templates.ts'

const connections = 8
const { values } = parseArgs({
  options: { selectors: { type: 'string', default: '50000' }, seconds: { type: 'string', default: '10' } },
})
const selectors = Number(values.selectors)
const seconds = Number(values.seconds)
const say = (line: string) => process.stdout.write(`${line}\n`)

const query = `query ($selector: String!) { selector(selector: $selector) { lastSeen
  calls(first: 20) { nodes { time callId missedReason caller { displayName uri } } } } }`

const nameOf = (n: number) => selectorName(defaultDataSet.randomSeed, (n * 7919) % selectors)

const postgres = await startPostgres()
try {
  for (const schema of ['v1', 'v2']) await measure(schema)
} finally {
  await postgres.stop()
}

async function measure(schema: string): Promise<void> {
  const name = `bench_${schema}`
  await asAdmin(postgres.url, (admin) => createDatabase(admin, name, 'UTF8'))
  const url = urlOf(postgres.url, name)
  await run(['init', '--schema', schema, '--database-url', url])
  const seeded = await timed(() => run(['seed', '--selectors', String(selectors), '--database-url', url]))
  say(`${schema}: seeded ${selectors} selectors in ${seeded.seconds.toFixed(1)} s`)

  const gateway = start(['serve', '--port', '0', '--database-url', url], { NODE_ENV: 'production' })
  const started = await timed(async () => {
    const [address = ''] = /http:\/\/[^/\s]+/.exec(await gateway.printed('Stop with')) ?? []
    await ask(new Agent(), address, nameOf(0))
    return address
  })
  say(`${schema}: first answer ${started.seconds.toFixed(2)} s after the start of the process`)
  await compare(started.result, url)
  await load(started.result, 2)
  const { answered, latencies } = await load(started.result, seconds)
  const percentile = (share: number) => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1)
  say(
    `${schema}: ${Math.round(answered / seconds)} requests/s over ${connections} connections; p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms`,
  )
  gateway.child.kill('SIGTERM')
  await gateway.finished
}

/** The calls of 500 selectors, beside what plain SQL says. */
async function compare(address: string, url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  const agent = new Agent({ keepAlive: true })
  const joined = (
    await client.query(`SELECT FROM pg_attribute WHERE attrelid = 'sipcalls'::regclass AND attname = 'selector'`)
  ).rowCount
    ? 'sipcalls c WHERE c.selector = $1'
    : 'sipcalls c JOIN selectors s USING (id) WHERE s.selector = $1'
  for (let n = 0; n < 500; n++) {
    const { rows } = await client.query<{ callid: string }>(
      `SELECT c.callid FROM ${joined} ORDER BY c.time DESC, c.rowid DESC LIMIT 20`,
      [nameOf(n)],
    )
    const { data } = JSON.parse(await ask(agent, address, nameOf(n)))
    const found = data.selector.calls.nodes.map(({ callId }: { callId: string }) => callId)
    if (JSON.stringify(found) !== JSON.stringify(rows.map(({ callid }) => callid)))
      throw new Error(`Wrong calls of ${nameOf(n)}`)
  }
  await client.end()
  agent.destroy()
  say('  500 histories are those of plain SQL')
}

async function load(address: string, duration: number): Promise<{ answered: number; latencies: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const latencies: number[] = []
  const end = performance.now() + duration * 1000
  let next = 0
  const worker = async () => {
    while (performance.now() < end) {
      const asked = performance.now()
      const answer = await ask(agent, address, nameOf(next++))
      if (answer.includes('"errors"')) throw new Error(answer)
      latencies.push(performance.now() - asked)
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  agent.destroy()
  return { answered: latencies.length, latencies: latencies.toSorted((a, b) => a - b) }
}

async function ask(agent: Agent, address: string, selector: string): Promise<string> {
  const sent = request(`${address}/graphql`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } })
  sent.end(JSON.stringify({ query, variables: { selector } }))
  const [response] = await once(sent, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const before = performance.now()
  return { result: await work(), seconds: (performance.now() - before) / 1000 }
}
