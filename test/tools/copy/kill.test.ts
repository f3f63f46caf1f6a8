import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../../src/tools/demo/random.ts'
import type { Running } from '../../support/command.ts'
import { run, start } from '../../support/command.ts'
import { contents, rowCounts } from '../../support/copying.ts'
import { times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, databaseWithTables, untilTestEnds } from '../../support/database.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { socketServer } from '../../support/other-servers.ts'
import { startOwnServer } from '../../support/postgres.ts'

const kills = times(60, 1)
const freezes = times(30, 1)
const selectors = times(2_000, 300)
const choose = random(30)

async function fill({ url }: TestDatabase): Promise<void> {
  const { code, stderr } = await run(['seed', '--selectors', String(selectors), '--database-url', url])
  expect([code, stderr.includes('Error')]).toEqual([0, false])
}

const emptyTarget = async () => untilTestEnds(await cloneDatabase('V2'))

async function catalogue({ sql }: TestDatabase): Promise<unknown> {
  return sql(`SELECT c.relname, c.relfilenode, c.relkind, (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' ORDER BY 1`)
}

let indexes: unknown

const indexesOf = ({ sql }: TestDatabase) =>
  sql(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`)

const endBackends = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sipis-gateway copy'`

/** Whether all tables of the target are empty, or have as many rows as those of the source; and its indexes are there in both cases. */
async function stateOf(source: TestDatabase, target: TestDatabase): Promise<'empty' | 'complete' | 'between'> {
  // A backend whose client has died may still run.
  await target.sql(endBackends)
  const [wanted, found] = [await rowCounts(source), await rowCounts(target)]
  expect(await indexesOf(target)).toEqual(indexes)
  if (Object.values(found).every((rows) => rows === 0)) return 'empty'
  return JSON.stringify(found) === JSON.stringify(wanted) ? 'complete' : 'between'
}

/** Interrupts a copy at a random moment, and then finishes it. */
async function interrupt(
  source: TestDatabase,
  target: TestDatabase,
  durationMs: number,
  how: (running: Running) => Promise<unknown>,
): Promise<string> {
  const running = start(['copy', target.url, source.url, '--execute'])
  await Promise.race([running.printed('Analysing selectors'), running.finished])
  await wait(choose.below(durationMs))
  await how(running)
  const { code, stderr } = await running.finished
  const state = await stateOf(source, target)
  if (code === 0) expect(state).toBe('complete')
  if (code === 1) expect(stderr).toMatch(/source and target are unchanged|target is unchanged|complete or empty/)
  if (state === 'empty') {
    const again = await run(['copy', target.url, source.url, '--execute'])
    expect([again.code, again.stderr]).toEqual([0, expect.any(String)])
  }
  expect((await run(['copy', target.url, source.url, '--verify-only'])).code).toBe(0)
  return state
}

describe('A copy that is interrupted', () => {
  let source: TestDatabase
  let durationMs: number
  beforeAll(async () => {
    source = await cloneDatabase('V1')
    await fill(source)
    await using target = await cloneDatabase('V2')
    indexes = await indexesOf(target)
    const running = start(['copy', target.url, source.url, '--execute'])
    await running.printed('Analysing selectors')
    const started = performance.now()
    expect((await running.finished).code).toBe(0)
    durationMs = Math.ceil(performance.now() - started)
    return () => source[Symbol.asyncDispose]()
  })

  it(`by its end or that of its backend leaves the target empty or complete, and the next one succeeds (${kills} points)`, async () => {
    const before = [await catalogue(source), await contents(source)]
    const states: string[] = []
    for (let point = 0; point < kills; point++) {
      await using target = await cloneDatabase('V2')
      const victim = [source, target][choose.below(2)]
      const how = async ({ child }: Running) => (point % 2 === 0 ? child.kill('SIGKILL') : victim?.sql(endBackends))
      states.push(await interrupt(source, target, durationMs, how))
    }
    expect(states).not.toContain('between')
    expect([await catalogue(source), await contents(source)]).toEqual(before)
  }, 3_600_000)

  it(`by one Ctrl+C while a server is frozen ends in time, and leaves the target empty or complete (${freezes} points)`, async () => {
    const server = untilTestEnds(await startOwnServer())
    const frozenSource = untilTestEnds(await databaseWithTables(server.url, 'V1'))
    await fill(frozenSource)
    const states: string[] = []
    for (let point = 0; point < freezes; point++) {
      const isTarget = point % 2 === 0
      await using target = isTarget ? await databaseWithTables(server.url, 'V2') : await cloneDatabase('V2')
      let endedInMs = 0
      const how = async ({ child, finished }: Running) => {
        server.freeze()
        await wait(choose.below(500))
        const signalled = performance.now()
        child.kill(point % 3 === 0 ? 'SIGTERM' : 'SIGINT')
        await finished
        endedInMs = performance.now() - signalled
        server.thaw()
      }
      states.push(await interrupt(isTarget ? source : frozenSource, target, durationMs, how))
      expect(endedInMs).toBeLessThan(40_000)
    }
    expect(states).not.toContain('between')
  }, 3_600_000)

  it('by Ctrl+C reports that and leaves the target empty', async () => {
    const target = await emptyTarget()
    const running = start(['copy', target.url, source.url, '--execute'])
    await running.printed('Copying sipcalls')
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Interrupted: the target is unchanged.'),
    })
    expect(await stateOf(source, target)).toBe('empty')
  })

  it('by Ctrl+C does not wait for a server that never answers', async () => {
    const connected = new EventEmitter()
    const silent = untilTestEnds(await socketServer(() => connected.emit('socket')))
    const running = start(['copy', `postgres://u:p@127.0.0.1:${silent.port}/d`, source.url])
    await once(connected, 'socket')
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 1, stderr: 'Interrupted: the target is unchanged.\n' })
  })

  it('by Ctrl+C does not wait for a server that stops answering', async () => {
    const target = await emptyTarget()
    const proxy = untilTestEnds(await startFaultProxy(target.url))
    const running = start(['copy', proxy.url, source.url, '--execute'])
    await running.printed('Analysing sipcalls')
    proxy.silenceAll()
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Interrupted: the target is unchanged.'),
    })
    expect(await stateOf(source, target)).toBe('empty')
  })
})
