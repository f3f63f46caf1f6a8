import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { untilTestEnds } from '../support/database.ts'
import { pauseReplay, startOwnServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import type { Load } from './load.ts'
import { fill, startLoad } from './load.ts'

describe('A gateway with replicas', () => {
  it('reads from those that are usable, and answers right while servers fall behind, end, crash and are promoted', async () => {
    const primary = untilTestEnds(await startOwnServer())
    await fill(primary.url)
    const [one, other] = [untilTestEnds(await primary.standby()), untilTestEnds(await primary.standby())]
    const foreign = untilTestEnds(await startOwnServer())
    await fill(foreign.url)
    const load = untilTestEnds(
      await startLoad(primary.url, {
        DATABASE_REPLICA_URLS: [one.url, other.url, foreign.url].join(','),
        DATABASE_MAX_REPLICATION_LAG: '1',
      }),
    )
    const writer = await connected(primary.url)
    await until('both are read', async () => (await usable(load)) === 2)

    const before = await statementsOf(load, 'calls')
    await load.during(() => until('the time is over', after(2_000)))
    expect(await statementsOf(load, 'calls')).toBe(before)
    expect(await statementsOf(load, 'replica calls')).toBeGreaterThan(20)

    // Conflicts with what a standby replays.
    await load.during(async () => {
      for (let n = 0; n < 10; n++) {
        await writer.query("UPDATE sipcalls SET domain = domain || 'x'; UPDATE sipcalls SET domain = left(domain, -1)")
        await writer.query('VACUUM sipcalls')
      }
    })

    const onStandby = await connected(one.url)
    await pauseReplay(onStandby)
    await writer.query("UPDATE sipcalls SET domain = domain || 'x'; UPDATE sipcalls SET domain = left(domain, -1)")
    await until('one is passed over', async () => (await usable(load)) === 1)
    expect(load.log.join('\n')).toMatch(/A replica is passed over .*seconds behind \(DATABASE_MAX_REPLICATION_LAG\)/)
    await onStandby.query('SELECT pg_wal_replay_resume()')
    await until('both are read again', async () => (await usable(load)) === 2)

    const failedBefore = load.tally.failed
    await load.during(async () => {
      await one[Symbol.asyncDispose]()
      await until('its end was noticed', async () => (await usable(load)) === 1)
    })
    expect(load.tally.failed).toBe(failedBefore)

    // The readers of a standby go on while its primary is away.
    await load.during(() => primary.crash())
    expect(load.tally.failed).toBe(failedBefore)
    await load.recovery()

    await load.during(async () => {
      await other.promote()
      await until('it is no standby', async () => (await usable(load)) === 0)
    })
    await load.recovery()
    expect(load.tally.wrong).toEqual([])
    expect(load.log.filter((line) => line.includes(new URL(foreign.url).port))).toEqual([])
  })

  it('goes on with a promoted replica when the primary is gone', async () => {
    const primary = untilTestEnds(await startOwnServer())
    await fill(primary.url)
    const standby = untilTestEnds(await primary.standby())
    const load = untilTestEnds(await startLoad(primary.url, { DATABASE_REPLICA_URLS: standby.url }))
    await until('it is read', async () => (await usable(load)) === 1)
    primary.freeze()
    await standby.promote()
    await load.recovery()
    await until('it is ready', async () => (await load.ready()).status === 200)
    primary.thaw()
    expect(load.tally.wrong).toEqual([])
  })
})

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  untilTestEnds({ [Symbol.asyncDispose]: () => client.end().catch(() => undefined) })
  return client
}

async function metric(load: Load, pattern: RegExp): Promise<number> {
  const [, value] = pattern.exec(await (await load.get('/metrics')).text()) ?? []
  return Number(value ?? 0)
}

const usable = (load: Load) => metric(load, /^sipis_gateway_replicas (\d+)/m)
const statementsOf = (load: Load, lane: string) =>
  metric(load, new RegExp(`^sipis_gateway_statements_total\\{lane="${lane}",outcome="ok"\\} (\\d+)`, 'm'))

function after(ms: number): () => Promise<boolean> {
  const at = performance.now() + ms
  return async () => performance.now() >= at
}
