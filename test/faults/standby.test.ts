import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { untilTestEnds } from '../support/database.ts'
import { pauseReplay, startOwnServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import { fill, startLoad } from './load.ts'

describe('On a hot standby', () => {
  it('responses stay correct through recovery conflicts, lag and promotion, and /ready reports the lag', async () => {
    const primary = untilTestEnds(await startOwnServer())
    await fill(primary.url)
    const standby = untilTestEnds(await primary.standby())
    const load = untilTestEnds(await startLoad(standby.url, { DATABASE_MAX_REPLICATION_LAG: '1' }))
    const writer = new pg.Client(primary.url)
    await writer.connect()
    untilTestEnds({ [Symbol.asyncDispose]: () => writer.end() })
    await until('it is ready', async () => (await load.ready()).status === 200)
    expect(await load.ready()).toMatchObject({ replicationLagMs: expect.any(Number) })

    await load.during(async () => {
      for (let n = 0; n < 20; n++) {
        // Restores the rows: vacuum then removes row versions that a query on the standby may still need.
        await writer.query("UPDATE sipcalls SET domain = domain || 'x'; UPDATE sipcalls SET domain = left(domain, -1)")
        await writer.query('VACUUM sipcalls')
        await sleep(20)
      }
    })
    await load.recovery()

    // Replay is paused, so the standby falls behind.
    const onStandby = new pg.Client(standby.url)
    await onStandby.connect()
    untilTestEnds({ [Symbol.asyncDispose]: () => onStandby.end() })
    await pauseReplay(onStandby)
    await writer.query("UPDATE sipcalls SET domain = domain || 'x'; UPDATE sipcalls SET domain = left(domain, -1)")
    await until('it is too far behind', async () => (await load.ready()).status === 503)
    expect(await load.ready()).toMatchObject({ reasons: { replication: expect.stringMatching(/seconds behind/) } })
    await onStandby.query('SELECT pg_wal_replay_resume()')
    await until('it is ready again', async () => (await load.ready()).status === 200)

    await load.during(() => standby.promote())
    await load.recovery()
    expect(load.tally.wrong).toEqual([])
    await until('the replication lag is zero', async () => !('replicationLagMs' in (await load.ready())))
  })
})
