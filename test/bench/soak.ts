/**
 * Tests whether memory and handles stay constant under a long load.
 *
 *   npm run test:soak -- 10
 *
 * Determines the maximum rate of the gateway, then sends 70 % of it for a number of minutes. Prints the heap after a full collection
 * every ten seconds, and its slope.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fill } from '../faults/load.ts'
import { startOwnServer } from '../support/postgres.ts'
import { selectorNamed } from '../support/rows.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)
const minutes = Number(process.argv[2] ?? 10)
if (!(minutes > 0)) throw new Error('Give a number of minutes: npm run test:soak -- 10')
const share = 0.7
const sampleMs = 10_000

await using database = await startOwnServer()
await fill(database.url)
const gateway = fork(fileURLToPath(new URL('soak-gateway.ts', import.meta.url)), [database.url], {
  execArgv: ['--expose-gc'],
})
const { port } = z.object({ port: z.number() }).parse((await once(gateway, 'message'))[0])
const agent = new Agent({ keepAlive: true, maxSockets: 32 })
const bodies = Array.from({ length: 20 }, (_, n) =>
  JSON.stringify({
    query: `{ selector(name: "${selectorNamed(n + 1)}") { calls(first: 3) { totalCount nodes { id time caller { uri } } } tokens { nodes { appId } } } }`,
  }),
)

function ask(n: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const body = bodies[n % bodies.length] ?? ''
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const asked = request({ port, path: '/graphql', method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

/** Sends requests as fast as responses arrive, from 32 connections. */
async function mostPerSecond(ms: number): Promise<number> {
  const end = performance.now() + ms
  let answered = 0
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (performance.now() < end) {
        await ask(answered)
        answered++
      }
    }),
  )
  return (answered * 1_000) / ms
}

async function measured() {
  gateway.send('measure')
  const [found] = await once(gateway, 'message')
  return z.object({ heapUsed: z.number(), rss: z.number(), handles: z.number() }).parse(found)
}

/** Least squares, in bytes per minute. */
function slope(samples: readonly { readonly minute: number; readonly heapUsed: number }[]): number {
  const mean = (of: (sample: (typeof samples)[number]) => number) =>
    samples.reduce((sum, one) => sum + of(one), 0) / samples.length
  const [x, y] = [mean(({ minute }) => minute), mean(({ heapUsed }) => heapUsed)]
  const along = samples.reduce((sum, { minute, heapUsed }) => sum + (minute - x) * (heapUsed - y), 0)
  return along / samples.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)
}

await mostPerSecond(5_000)
const rate = (await mostPerSecond(10_000)) * share
say(`${Math.round(rate)} requests a second for ${minutes} minutes`)
const samples: { minute: number; heapUsed: number; rss: number; handles: number }[] = []
const start = performance.now()
let sent = 0
let failed = 0
let nextSample = sampleMs
for (;;) {
  const passed = performance.now() - start
  if (passed > minutes * 60_000) break
  for (; sent < (passed / 1_000) * rate; sent++) {
    ask(sent).then(
      (status) => (status === 200 ? undefined : failed++),
      () => failed++,
    )
  }
  if (passed > nextSample) {
    nextSample += sampleMs
    const { heapUsed, rss, handles } = await measured()
    samples.push({ minute: passed / 60_000, heapUsed, rss, handles })
    const mb = (bytes: number) => (bytes / 1_048_576).toFixed(1)
    say(`${Math.round(passed / 1_000)} s: heap ${mb(heapUsed)} MB, rss ${mb(rss)} MB, ${handles} handles`)
  }
  await sleep(5)
}
say(`${sent} requests, ${failed} failed; heap ${(slope(samples) / 1_048_576).toFixed(3)} MB a minute`)
agent.destroy()
gateway.kill()
