import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { random } from '../../../src/tools/demo/random.ts'
import { run, start } from '../../support/command.ts'
import { contents, rowCounts } from '../../support/copying.ts'
import { times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../../support/database.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { socketServer } from '../../support/other-servers.ts'

const points = times(30, 1)
const choose = random(30)

async function bigSource(): Promise<TestDatabase> {
  const source = untilTestEnds(await cloneDatabase('V1'))
  const { code, stderr } = await run(['seed', '--selectors', '2000', '--database-url', source.url])
  expect([code, stderr.includes('Error')]).toEqual([0, false])
  return source
}

const emptyTarget = async () => untilTestEnds(await cloneDatabase('V2'))

async function catalogue({ sql }: TestDatabase): Promise<unknown> {
  return sql(`SELECT c.relname, c.relfilenode, c.relkind, (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' ORDER BY 1`)
}

/** Whether all tables of the target are empty, or have as many rows as those of the source. */
async function isWhole(source: TestDatabase, target: TestDatabase): Promise<'empty' | 'complete' | 'between'> {
  // A backend whose client has died may still run.
  await target.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sipis-gateway copy'`,
  )
  const [wanted, found] = [await rowCounts(source), await rowCounts(target)]
  if (Object.values(found).every((rows) => rows === 0)) return 'empty'
  return JSON.stringify(found) === JSON.stringify(wanted) ? 'complete' : 'between'
}

async function finish(source: TestDatabase, target: TestDatabase, state: string): Promise<void> {
  if (state === 'empty') {
    const { code, stderr } = await run(['copy', target.url, source.url, '--execute'])
    expect([code, stderr]).toEqual([0, expect.any(String)])
  }
  expect((await run(['copy', target.url, source.url, '--verify-only'])).code).toBe(0)
}

describe('A copy that is interrupted', () => {
  it(`by SIGKILL leaves the target empty or complete, and the next one succeeds (${points} points)`, async () => {
    const source = await bigSource()
    const before = [await catalogue(source), await contents(source)]
    const states: string[] = []
    for (let point = 0; point < points; point++) {
      const target = await emptyTarget()
      const running = start(['copy', target.url, source.url, '--execute'])
      await Promise.race([running.printed('Analysing selectors'), running.finished])
      await wait(choose.below(2_500))
      running.child.kill('SIGKILL')
      await running.finished
      const state = await isWhole(source, target)
      states.push(state)
      await finish(source, target, state)
      await target[Symbol.asyncDispose]()
    }
    expect(states).not.toContain('between')
    expect([await catalogue(source), await contents(source)]).toEqual(before)
  }, 1_800_000)

  it(`by the end of its backend reports that, and leaves the target empty or complete (${points} points)`, async () => {
    const source = await bigSource()
    const before = [await catalogue(source), await contents(source)]
    const states: string[] = []
    for (let point = 0; point < points; point++) {
      const target = await emptyTarget()
      const running = start(['copy', target.url, source.url, '--execute'])
      await Promise.race([running.printed('Analysing selectors'), running.finished])
      await wait(choose.below(2_000))
      await target.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sipis-gateway copy'`,
      )
      const { code, stderr } = await running.finished
      const state = await isWhole(source, target)
      if (code !== 0)
        expect(stderr).toMatch(/Nothing was written: source and target are unchanged|the target is complete or empty/)
      states.push(state)
      await finish(source, target, state)
      await target[Symbol.asyncDispose]()
    }
    expect(states).not.toContain('between')
    expect([await catalogue(source), await contents(source)]).toEqual(before)
  }, 1_800_000)

  it('by Ctrl+C reports that and leaves the target empty', async () => {
    const source = await bigSource()
    const target = await emptyTarget()
    const running = start(['copy', target.url, source.url, '--execute'])
    await running.printed('Copying sipcalls')
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Interrupted: the target is unchanged.'),
    })
    expect(await isWhole(source, target)).toBe('empty')
  })

  it('by Ctrl+C does not wait for a server that never answers', async () => {
    const source = untilTestEnds(await cloneDatabase('V1'))
    const connected = new EventEmitter()
    const silent = untilTestEnds(await socketServer(() => connected.emit('socket')))
    const running = start(['copy', `postgres://u:p@127.0.0.1:${silent.port}/d`, source.url])
    await once(connected, 'socket')
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 1, stderr: 'Interrupted: the target is unchanged.\n' })
  })

  it('by Ctrl+C does not wait for a server that stops answering', async () => {
    const source = await bigSource()
    const target = await emptyTarget()
    const proxy = untilTestEnds(await startFaultProxy(target.url))
    const running = start(['copy', proxy.url, source.url, '--execute'])
    await running.printed('Copying sipcalls')
    proxy.silenceAll()
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Interrupted: the target is unchanged.'),
    })
    expect(await isWhole(source, target)).toBe('empty')
  })
})
