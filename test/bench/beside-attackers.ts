/**
 * Measures the latency of a device and a probe next to callers that send the most expensive operations within the limits.
 *
 *   npm run bench:attackers -- --selectors 20000 --callers 16 --seconds 10
 *
 * One process serves with API keys, another attacks, and this one requests a device's history, two at once, and /health.
 * It prints the 50th and 99th percentile without attackers and next to each kind of them. Attackers send the next request as soon
 * as they get a response, each with several concurrent operations.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { selectorName } from '../../src/tools/demo/data-set.ts'
import { defaultDataSet } from '../../src/tools/demo/options.ts'
import { run } from '../support/command.ts'
import { startPostgres } from '../support/postgres.ts'
import { makeDatabase } from './databases.ts'
import { startServer } from './server-process.ts'

const { values } = parseArgs({
  options: {
    selectors: { type: 'string', default: '20000' },
    callers: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '10' },
    /** Kinds of attackers, by the prefix of their names. */
    only: { type: 'string', default: '' },
    /** Set in the attacking process. */
    attack: { type: 'string' },
  },
})
const callers = Number(values.callers)
const seconds = Number(values.seconds)

const aliases = (count: number, field: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => field(n)).join(' ')
const scans = `{ ${aliases(46, (n) => `a${n}: calls(first: 1, filter: { caller: { username: "x${n}" } }) { nodes { id } }`)} }`
const attacks: Readonly<Record<string, { readonly query: string; readonly atOnce: number }>> = {
  '46 scans': { query: scans, atOnce: 1 },
  '46 scans, 4 operations at once': { query: scans, atOnce: 4 },
  '46 scans, 32 operations at once': { query: scans, atOnce: 32 },
  'pages of 100 below 90 selectors': {
    query: '{ selectors(first: 90) { nodes { calls(first: 100) { nodes { id } } } } }',
    atOnce: 1,
  },
}

if (values.attack === undefined) await measureAll()
else await attack(JSON.parse(values.attack))

interface Target {
  readonly origin: string
  readonly query: string
  readonly keys: readonly string[]
}

/** Sends requests until the process is killed, and then prints the number of responses by status. */
async function attack({ origin, query, keys }: Target): Promise<void> {
  const counts = new Map<string, number>()
  process.once('SIGTERM', () => {
    process.stdout.write(`${[...counts].map(([outcome, count]) => `${outcome} ${count}`).join(', ')}\n`)
    process.exit(0)
  })
  await Promise.all(
    keys.map(async (key) => {
      for (;;) {
        const outcome = await ask(origin, key, query)
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
        // Waits, like a well-behaved client.
        if (outcome === 'UNAVAILABLE' || outcome === 'RATE_LIMITED')
          await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }),
  )
}

async function ask(origin: string, key: string, query: string): Promise<string> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query }),
  })
  const { errors } = (await response.json()) as { errors?: readonly { extensions: { code: string } }[] }
  return errors?.[0]?.extensions.code ?? 'answered'
}

async function measureAll(): Promise<void> {
  const postgres = await startPostgres()
  const folder = mkdtempSync(join(tmpdir(), 'sipis-gateway-attackers-'))
  try {
    const selectors = Number(values.selectors)
    const url = await makeDatabase(postgres.url, 'v2', 'v2', { selectors, calls: 30, whole: true })
    const mine = selectorName(defaultDataSet.randomSeed, 7)
    const device = await createKey(folder, 'device')
    const attackers: string[] = []
    for (let n = 0; n < callers; n++) attackers.push(await createKey(folder, `attacker-${n}`))
    await using server = await startServer(['src/cli/main.ts', 'serve', '--port', '0'], {
      DATABASE_URL: url,
      API_KEYS_FILE: join(folder, 'keys.json'),
      RATE_LIMIT_COST: '1000000000',
      RATE_LIMIT_REQUESTS: '1000000000',
    })
    const probes = probesOf(server.origin, device, mine)
    await measure(probes, 2)
    print('calm', await measure(probes, seconds))
    for (const [name, { query, atOnce }] of Object.entries(attacks)) {
      if (!name.startsWith(values.only)) continue
      const keys = attackers.flatMap((key) => Array<string>(atOnce).fill(key))
      const child = spawn(process.execPath, [
        import.meta.filename,
        '--attack',
        JSON.stringify({ origin: server.origin, query, keys } satisfies Target),
      ])
      let said = ''
      child.stdout.on('data', (chunk) => {
        said += chunk
      })
      child.stderr.pipe(process.stderr)
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      print(name, await measure(probes, seconds))
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
      process.stdout.write(`  attackers: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    print('calm again', await measure(probes, seconds))
  } finally {
    rmSync(folder, { recursive: true })
    await postgres.stop()
  }
}

async function createKey(folder: string, name: string): Promise<string> {
  const grant = ['--name', name, '--scope', 'sipis:read']
  const { code, stdout, stderr } = await run(['key', 'create', '--file', join(folder, 'keys.json'), ...grant])
  if (code !== 0) throw new Error(stderr)
  return /\S{30,}/.exec(stdout)?.[0] ?? ''
}

interface Probe {
  readonly name: string
  readonly times: number[]
  readonly ask: () => Promise<string>
}

function probesOf(origin: string, key: string, selector: string): (() => Probe)[] {
  const query = `{ selector(name: "${selector}") { calls(first: 20) { nodes { id time caller { uri } } } } }`
  const history = () => ask(origin, key, query)
  return [
    () => ({ name: 'history', times: [], ask: history }),
    () => ({
      name: 'two at once',
      times: [],
      ask: async () =>
        (await Promise.all([history(), history()])).find((outcome) => outcome !== 'answered') ?? 'answered',
    }),
    () => ({
      name: '/health',
      times: [],
      ask: async () => ((await fetch(`${origin}/health`)).ok ? 'answered' : 'not ready'),
    }),
  ]
}

/** Sends each probe in turn for a number of seconds. */
async function measure(probes: readonly (() => Probe)[], forSeconds: number): Promise<string> {
  const running = probes.map((open) => open())
  const outcomes = new Map<string, number>()
  const end = performance.now() + forSeconds * 1_000
  while (performance.now() < end) {
    for (const { ask, times } of running) {
      const before = performance.now()
      const outcome = await ask()
      times.push(performance.now() - before)
      if (outcome !== 'answered') outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const parts = running.map(({ name, times }) => `${name} ${percentile(times, 0.5)} / ${percentile(times, 0.99)}`)
  const failures = [...outcomes].map(([outcome, count]) => `, ${outcome} ${count}`).join('')
  return `${parts.join(', ')} ms (${running[0]?.times.length ?? 0} times)${failures}`
}

function percentile(times: readonly number[], part: number): string {
  const sorted = times.toSorted((a, b) => a - b)
  return (sorted[Math.floor(sorted.length * part)] ?? Number.NaN).toFixed(1)
}

function print(name: string, figures: string): void {
  process.stdout.write(`${name}: ${figures}\n`)
}
