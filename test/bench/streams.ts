/**
 * Measures subscriptions: what idle ones cost, how late events come with and without triggers, and that none is lost or doubled while
 * connections are lost and clients read slowly.
 *
 *   npm run bench:streams -- 1000 100000
 *
 * The arguments are the number of subscriptions and of calls.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { z } from 'zod'
import { detect } from '../../src/sipis/detect.ts'
import { installTriggers, removeTriggers } from '../../src/tools/notify/triggers.ts'
import { fill } from '../faults/load.ts'
import { openReader } from '../support/database.ts'
import { startOwnServer } from '../support/postgres.ts'
import { selectorNamed } from '../support/rows.ts'
import { processSeconds } from './process-usage.ts'
import { StreamClient } from './stream-client.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const [subscribers = 1_000, calls = 100_000] = process.argv.slice(2).map(Number)
const writers = 8
const quietMs = 20_000

await using server = await startOwnServer()
await fill(server.url)
const admin = new pg.Client({ connectionString: server.url })
await admin.connect()
await admin.query('DELETE FROM sipcalls; DELETE FROM selectors')
await admin.query(
  `INSERT INTO selectors (id, selector) SELECT n, '${selectorNamed(0).slice(0, 41)}' || upper(lpad(to_hex(n), 8, '0')) FROM generate_series(1, ${subscribers}) n`,
)
const gateway = fork(fileURLToPath(new URL('soak-gateway.ts', import.meta.url)), [server.url], {
  execArgv: ['--expose-gc'],
})
const { port } = z.object({ port: z.number() }).parse((await once(gateway, 'message'))[0])

async function memory(): Promise<number> {
  gateway.send('measure')
  const [found] = await once(gateway, 'message')
  return z.object({ rss: z.number() }).parse(found).rss / 1e6
}

async function statements(): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(
    `SELECT xact_commit AS n FROM pg_stat_database WHERE datname = current_database()`,
  )
  return Number(rows[0]?.n)
}

async function idle(open: number): Promise<void> {
  const [cpu, done] = [processSeconds(gateway.pid ?? 0) ?? 0, await statements()]
  await sleep(quietMs)
  const seconds = quietMs / 1_000
  const used = ((processSeconds(gateway.pid ?? 0) ?? 0) - cpu) / seconds
  const sent = ((await statements()) - done) / seconds
  say(`${open} idle subscriptions: ${(1_000 * used).toFixed(1)} ms CPU and ${sent.toFixed(1)} statements a second`)
}

const clients: StreamClient[] = []
async function openTo(count: number): Promise<void> {
  while (clients.length < count) {
    const client = new StreamClient(port, clients.length + 1)
    clients.push(client)
    client.open()
    if (clients.length % 50 === 0) while (clients.some(({ isOpen }) => !isOpen)) await sleep(20)
  }
  while (clients.some(({ isOpen }) => !isOpen)) await sleep(20)
}

/** Calls by Call-ID, each with its selector. */
const stored = new Map<string, string>()

async function write(count: number, batch: number, pauseMs: number): Promise<void> {
  let written = 0
  const writer = async () => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    while (written < count) {
      const now = Date.now()
      const rows = Array.from({ length: Math.min(batch, count - written) }, () => {
        written++
        const callId = `${stored.size} ${now}`
        const selector = selectorNamed(1 + Math.floor(Math.random() * subscribers))
        stored.set(callId, selector)
        return [callId, selector] as const
      })
      await client.query(
        `INSERT INTO sipcalls (selector, time, callid, scheme, userdisplayname, username, domain, domainport, missedreason)
         SELECT s, now(), c, 'sip', '', '', '', 0, 'Missed' FROM unnest($1::text[], $2::text[]) AS r(c, s)`,
        [rows.map(([callId]) => callId), rows.map(([, selector]) => selector)],
      )
      if (pauseMs > 0) await sleep(pauseMs)
    }
    await client.end()
  }
  await Promise.all(Array.from({ length: writers }, writer))
}

const missing = () => [...stored].filter(([callId, selector]) => !clientOf(selector).received.has(callId)).length
const clientOf = (selector: string) => clients[Number.parseInt(selector.slice(41), 16) - 1] ?? fail()
function fail(): never {
  throw new Error('There is no such client.')
}

async function untilReceived(): Promise<void> {
  const end = performance.now() + 120_000
  while (missing() > 0 && performance.now() < end) await sleep(200)
}

async function latency(name: string): Promise<void> {
  for (const { latencies } of clients) latencies.length = 0
  await write(1_000, 1, 100)
  await untilReceived()
  const all = clients.flatMap(({ latencies }) => latencies).sort((a, b) => a - b)
  const at = (share: number) => all[Math.floor(share * (all.length - 1))]
  say(`latency ${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, of ${all.length}`)
}

await idle(0)
await openTo(Math.ceil(subscribers / 10))
await idle(clients.length)
await openTo(subscribers)
await idle(clients.length)
await latency('without triggers')
const reader = openReader(server.url)
const { version, schemas } = await detect(reader)
await reader.close()
await installTriggers(admin, version, schemas)
await sleep(35_000)
await latency('with triggers')

const before = await memory()
let most = before
const disturbing = setInterval(() => {
  const random = () => clients[Math.floor(Math.random() * clients.length)]
  for (let n = 0; n < 5; n++) random()?.cut()
  const slow = random()
  slow?.pause()
  setTimeout(() => slow?.resume(), 3_000)
}, 500)
const watching = setInterval(async () => {
  most = Math.max(most, await memory())
}, 2_000)
const start = performance.now()
await write(calls, 20, 0)
say(`${calls} calls written in ${((performance.now() - start) / 1_000).toFixed(1)} s`)
await sleep(2_000)
clearInterval(disturbing)
await untilReceived()
clearInterval(watching)
const doubled = clients.flatMap(({ received }) => [...received.values()]).filter((count) => count > 1).length
const resets = clients.reduce((sum, client) => sum + client.resets, 0)
say(
  `${stored.size} calls: ${missing()} missing, ${doubled} doubled, ${resets} resets, after ${((performance.now() - start) / 1_000).toFixed(1)} s`,
)
say(`memory: ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`)
for (const client of clients) client.stop()
await removeTriggers(admin, schemas)
await admin.end()
gateway.kill()
if (missing() > 0 || doubled > 0) process.exitCode = 1
