import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createKey } from '../../src/auth/api-keys.ts'
import type { Finished, Running } from '../support/command.ts'
import { run, start } from '../support/command.ts'
import { times, variants } from '../support/counts.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { startLoad } from '../support/load.ts'
import { addDataSet, selectorNamed } from '../support/rows.ts'
import { stopUnderLoad } from '../support/stop-under-load.ts'
import { until } from '../support/until.ts'

interface Serving extends Running {
  readonly url: string
  /** Process ids of the workers. */
  workers(): Promise<number[]>
}

async function serve(databaseUrl: string, workers: number, environment: Record<string, string> = {}): Promise<Serving> {
  const args = ['serve', '--port', '0', '--workers', String(workers), '--database-url', databaseUrl]
  const running = start(args, environment)
  onTestFinished(async () => {
    running.child.kill('SIGKILL')
    await running.finished
  })
  const [url = ''] = /http:\/\/[^/\s]+/.exec(await running.printed('Stop with Ctrl+C')) ?? []
  return { ...running, url, workers: () => childrenOf(running.child.pid ?? 0) }
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
}

async function database(): Promise<TestDatabase> {
  const own = untilTestEnds(await cloneDatabase('V2'))
  await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 3 })
  return own
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** Each request has a connection of its own, so that the workers share them out. */
async function post(url: string, query: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify({ query }),
  })
}

/** Values of a metric by its labels. */
function valuesOf(metrics: string, name: string): number[] {
  const lines = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.map((line) => Number(line.split(' ').at(-1)))
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

describe('serve --workers', () => {
  it('answers by each of its workers on one port, and says so once', async () => {
    const own = await database()
    const serving = await serve(own.url, 2)
    expect(await serving.workers()).toHaveLength(2)
    const answering = async () =>
      await own.sql(`SELECT DISTINCT client_port FROM pg_stat_activity WHERE application_name LIKE 'sipis-gateway%'`)
    expect((await answering()).length).toBeGreaterThanOrEqual(2)
    const load = startLoad(serving.url, { perSecond: 200, keepAlive: false })
    const cpu = async () => Promise.all((await serving.workers()).map(answersOf))
    await until('both have answered', async () => (await cpu()).every((bytes) => bytes > 100_000))
    expect(await load.stop()).toMatchObject({ broken: [], refused: 0, reset: 0 })
    serving.child.kill('SIGTERM')
    const { code, stdout, stderr } = await serving.finished
    expect({ code, banners: stdout.match(/Stop with Ctrl/g)?.length }).toEqual({ code: 0, banners: 1 })
    expect(stdout).toContain('2 workers share the port')
    expect(stderr.match(/Authentication is off/g)).toHaveLength(1)
  })

  it('loses nothing but the requests of a worker that is killed, and starts another', async () => {
    const own = await database()
    const serving = await serve(own.url, 2)
    const load = startLoad(serving.url, { perSecond: times(300, 100), keepAlive: false })
    await until('the load runs', () => load.answered > 50)
    for (let round = 0; round < times(10, 1); round++) {
      const before = await serving.workers()
      const victim = before[round % 2] ?? 0
      process.kill(victim, 'SIGKILL')
      await until('another answers', async () => {
        const [started = 0, ...more] = (await serving.workers()).filter((pid) => !before.includes(pid))
        return more.length === 0 && (await answersOf(started)) > 100_000
      })
    }
    const { broken, refused, answered } = await load.stop()
    // Requests that the killed worker had begun, or connections that it had accepted.
    for (const failure of broken) expect(failure).toMatch(/ECONNRESET|socket hang up|aborted/)
    expect(broken.length).toBeLessThan(answered / 4)
    expect(refused).toBe(0)
    serving.child.kill('SIGTERM')
    const { code, stderr } = await serving.finished
    expect(code).toBe(0)
    expect(stderr).toMatch(/Worker \d ended by SIGKILL; it is started again in 0\.1 s/)
    expect(stderr).not.toMatch(/Worker \d ended with/)
  }, 600_000)

  it('has a worker that gets SIGTERM answer its requests, and starts another in its place', async () => {
    const own = await database()
    const serving = await serve(own.url, 2, { METRICS_PORT: '0', DRAIN_MS: '1000' })
    const [, metricsUrl = ''] = /Metrics: +(\S+)/.exec(await serving.printed('Stop with Ctrl+C')) ?? []
    const load = startLoad(serving.url, { perSecond: times(200, 50), keepAlive: true })
    await until('the load runs', () => load.answered > 50)
    for (let round = 1; round <= times(10, 1); round++) {
      process.kill((await serving.workers())[round % 2] ?? 0, 'SIGTERM')
      await until('another answers', async () => {
        const metrics = await (await fetch(metricsUrl)).text()
        const [ended = 0] = valuesOf(metrics, 'sipis_gateway_workers_ended_total')
        return ended === round && valuesOf(metrics, 'sipis_gateway_workers')[0] === 2
      })
    }
    const { broken, refused, reset } = await load.stop()
    expect({ broken, refused }).toEqual({ broken: [], refused: 0 })
    expect(reset).toBe(0)
    serving.child.kill('SIGTERM')
    const { code, stderr } = await serving.finished
    expect(code).toBe(0)
    expect(stderr).toMatch(/Worker \d ended with exit code 0; it is started again/)
  }, 600_000)

  it.each(variants([true, false], 1))(
    'answers all requests that it has accepted before it ends (keep-alive: %s)',
    async (keepAlive) => {
      const own = await database()
      await stopUnderLoad(times(10, 1), keepAlive, () => serve(own.url, 2, { DRAIN_MS: '1000' }))
    },
    600_000,
  )

  it('takes SIGINT of a terminal, which each process gets, for one signal', async () => {
    const own = await database()
    const serving = await serve(own.url, 2)
    const workers = await serving.workers()
    for (const pid of workers) process.kill(pid, 'SIGINT')
    serving.child.kill('SIGINT')
    expect((await serving.finished).code).toBe(0)
  })

  it('answers on the same port again after all workers have been killed', async () => {
    const own = await database()
    const serving = await serve(own.url, 2)
    const before = await serving.workers()
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await until('others answer', async () => {
      const answer = await post(serving.url, '{ viewer { name } }').catch(() => undefined)
      return answer?.status === 200
    })
    expect((await serving.workers()).filter((pid) => before.includes(pid))).toEqual([])
  })

  it('ends at once on a second signal, and leaves no worker behind', async () => {
    const own = await database()
    const serving = await serve(own.url, 2, { DRAIN_MS: '60000' })
    const workers = await serving.workers()
    serving.child.kill('SIGTERM')
    await serving.printed('Stopping on SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 400))
    serving.child.kill('SIGTERM')
    expect((await serving.finished).code).toBe(143)
    await until('no worker is left', () => !workers.some(exists))
  })

  it('exits with 1 although a worker is frozen, and leaves none behind', async () => {
    const own = await database()
    const serving = await serve(own.url, 2, { DRAIN_MS: '0' })
    const workers = await serving.workers()
    process.kill(workers[0] ?? 0, 'SIGSTOP')
    serving.child.kill('SIGTERM')
    const { code, stderr } = await serving.finished
    expect(code).toBe(1)
    expect(stderr).toContain('Stopping takes too long')
    await until('no worker is left', () => !workers.some(exists))
  })

  it('leaves no worker behind when it is killed', async () => {
    const own = await database()
    const serving = await serve(own.url, 2)
    const workers = await serving.workers()
    serving.child.kill('SIGKILL')
    await until('no worker is left', () => !workers.some(exists))
  })

  it('fails to start for the reasons of one process, which it says once', async () => {
    const args = ['serve', '--port', '0', '--database-url', 'postgres://127.0.0.1:1/x']
    const alone = await run(args)
    const refused = await run([...args, '--workers', '2'])
    const problem = ({ stderr: text }: Finished) => text.split('\n').filter((line) => !line.startsWith('{'))
    expect({ code: refused.code, problem: problem(refused) }).toEqual({ code: 1, problem: problem(alone) })
    const demo = await run(['serve', '--workers', '2', '--port', '0'])
    expect(demo).toMatchObject({ code: 1, stderr: expect.stringContaining('The embedded demo runs in one process') })
    const many = await run(['serve', '--workers', '0', '--port', '0'])
    expect(many).toMatchObject({ code: 1, stderr: expect.stringContaining('WORKERS is "0"') })
  })

  it('opens a token of changes that another worker has sealed', async () => {
    const own = await database()
    const serving = await serve(own.url, 2)
    const [[name] = []] = await own.sql('SELECT selector FROM selectors LIMIT 1')
    const ask = async (since: string) => {
      const answer = await post(serving.url, `{ selector(name: "${name}") { changes${since} { token } } }`)
      return await answer.json()
    }
    const { data } = await ask('')
    const since = `(since: "${data.selector.changes.token}")`
    for (let n = 0; n < 20; n++) expect((await ask(since)).errors).toBe(undefined)
  })

  it('divides the rates among its workers, and says so', async () => {
    const own = await database()
    const serving = await serve(own.url, 2, { RATE_LIMIT_REQUESTS: '20' })
    expect(await serving.printed('Each grants 1/2 of RATE_LIMIT_COST')).toContain('RATE_LIMIT_STORE_URL')
    const statuses: number[] = []
    for (let n = 0; n < 40; n++) statuses.push((await post(serving.url, '{ viewer { name } }')).status)
    const granted = statuses.filter((status) => status === 200).length
    expect(granted).toBeGreaterThanOrEqual(10)
    expect(granted).toBeLessThanOrEqual(20)
  })
})

/** Bytes that a process has sent and written so far. */
async function answersOf(pid: number): Promise<number> {
  const io = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '')
  return Number(/wchar: (\d+)/.exec(io)?.[1] ?? 0)
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('The metrics of several workers', () => {
  it('are added up on METRICS_PORT and on the port of the API, and do not go back when a worker ends', async () => {
    const own = await database()
    const folder = await temporaryFolder()
    const file = join(folder, 'keys.jsonl')
    const { key } = createKey(file, { name: 'ops', scopes: ['sipis:ops', 'sipis:read'], expires: undefined })
    const serving = await serve(own.url, 2, { METRICS_PORT: '0', API_KEYS_FILE: file, AUDIT_LOG: 'off' })
    const authorization = { authorization: `Bearer ${key}` }
    const [, metricsUrl = ''] = /Metrics: +(\S+)/.exec(await serving.printed('Stop with Ctrl+C')) ?? []
    const read = async () => await (await fetch(metricsUrl)).text()
    const asked = async () => {
      const metrics = await read()
      const lines = metrics.split('\n').filter((line) => /^sipis_gateway_requests_total.*route="graphql"/.test(line))
      return sum(lines.map((line) => Number(line.split(' ').at(-1))))
    }
    for (let n = 0; n < 40; n++) await post(serving.url, '{ viewer { name } }', authorization)
    expect(await asked()).toBe(40)
    const metrics = await read()
    expect(valuesOf(metrics, 'sipis_gateway_workers')).toEqual([2])
    expect(valuesOf(metrics, 'sipis_selectors_seen_last_hour')).toHaveLength(1)
    const ofApi = await (await fetch(`${serving.url}/metrics`, { headers: authorization })).text()
    expect(valuesOf(ofApi, 'sipis_gateway_workers')).toEqual([2])
    const [victim = 0] = await serving.workers()
    process.kill(victim, 'SIGKILL')
    await until('another has started', async () => {
      const now = await read()
      return (
        valuesOf(now, 'sipis_gateway_workers_ended_total')[0] === 1 && valuesOf(now, 'sipis_gateway_workers')[0] === 2
      )
    })
    expect(await asked()).toBe(40)
  })
})

describe('The audit log of several workers', () => {
  it.each(variants(['file', 'stderr'], 1))(
    'has each request as a whole line, also when it is rotated: %s',
    async (to) => {
      const own = await database()
      const folder = await temporaryFolder()
      const keys = join(folder, 'keys.jsonl')
      const audit = join(folder, 'audit.jsonl')
      const { key } = createKey(keys, { name: 'reader', scopes: ['sipis:read'], expires: undefined })
      const environment = { API_KEYS_FILE: keys, AUDIT_LOG: to === 'file' ? audit : 'stderr' }
      const serving = await serve(own.url, 4, environment)
      const query = `query ${'Long'.repeat(60)} { selector(name: "${selectorNamed(1)}") { name } }`
      const authorization = { authorization: `Bearer ${key}` }
      const total = times(4_000, 400)
      let sent = 0
      const ask = async () => {
        while (sent < total) {
          const number = sent++
          expect((await post(serving.url, query, authorization)).status).toBe(200)
          if (number === total / 2 && to === 'file') {
            await rename(audit, `${audit}.1`)
            serving.child.kill('SIGHUP')
          }
        }
      }
      await Promise.all(Array.from({ length: 16 }, ask))
      serving.child.kill('SIGTERM')
      const { code, stderr } = await serving.finished
      expect(code).toBe(0)
      const texts = to === 'file' ? [await readFile(`${audit}.1`, 'utf8'), await readFile(audit, 'utf8')] : [stderr]
      const lines = texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line))
      const requests = lines.filter((line) => line.audit === true)
      expect(requests).toHaveLength(total)
      expect(new Set(requests.map(({ id }) => id)).size).toBe(total)
      // The hash of one selector is the same in each worker.
      expect(new Set(requests.map(({ selectors }) => JSON.stringify(selectors))).size).toBe(1)
    },
  )
})
