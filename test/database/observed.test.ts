import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { prepare } from '../../src/database/prepared.ts'
import type { Observation } from '../../src/telemetry/observation.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'

function isOfWaiting({ kind }: Observation): boolean {
  return kind === 'statementSent' || kind === 'poolChanged'
}

const one = prepare(sql`SELECT ${sql.placeholder('what')}::text`, { lane: 'one' })

describe('The database', () => {
  it('emits every statement, and every connection that is opened or lost', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const observed: Observation[] = []
    const waits: Observation[] = []
    const database = openReader(own.url, {
      maxConnections: 1,
      applicationName: 'observed',
      observe: (observation) => (isOfWaiting(observation) ? waits : observed).push(observation),
    })
    const since = (place: number) => observed.slice(place)
    await database.query(one({ what: 'a' }))
    await database.query(sql`SELECT generate_series(1, 3)`)
    expect(observed).toEqual([
      { kind: 'connectionOpened', lane: 'one' },
      { kind: 'statementEnded', lane: 'one', rows: 1, failure: undefined, durationMs: expect.any(Number) },
      { kind: 'connectionOpened', lane: 'pool' },
      { kind: 'statementEnded', lane: 'pool', rows: 3, failure: undefined, durationMs: expect.any(Number) },
    ])

    const waitedMs = expect.any(Number)
    expect(waits).toEqual([
      { kind: 'statementSent', lane: 'one', waitedMs },
      // The connection is being established.
      { kind: 'poolChanged', connections: 1, inUse: 1, waiting: 0 },
      { kind: 'poolChanged', connections: 1, inUse: 1, waiting: 0 },
      { kind: 'statementSent', lane: 'pool', waitedMs },
      { kind: 'poolChanged', connections: 1, inUse: 0, waiting: 0 },
    ])

    const beforeFailure = observed.length
    await expect(database.query(sql`SELECT 1 FROM missing`)).rejects.toMatchObject({ code: '42P01' })
    expect(since(beforeFailure)).toMatchObject([{ kind: 'statementEnded', lane: 'pool', rows: 0, failure: '42P01' }])

    const beforeKill = observed.length
    await own.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'observed'")
    await expect.poll(() => since(beforeKill).filter(({ kind }) => kind === 'connectionLost')).toHaveLength(2)
    await database.query(one({ what: 'b' }))
    expect(since(beforeKill).filter(({ kind }) => kind !== 'connectionLost')).toMatchObject([
      { kind: 'connectionOpened', lane: 'one' },
      { kind: 'statementEnded', lane: 'one', rows: 1, failure: undefined },
    ])

    const beforeClose = observed.length
    await database.close()
    expect(since(beforeClose)).toEqual([])
  })
})
