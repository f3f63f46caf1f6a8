/** Crashes that give transaction ids out again, standbys that lag or are promoted, and ids beyond 32 bits. */
import { execFileSync } from 'node:child_process'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { variants } from '../support/counts.ts'
import { untilTestEnds } from '../support/database.ts'
import type { OwnServer } from '../support/postgres.ts'
import { startOwnServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import type { Door } from './clients.ts'
import { askChanges, stampOf } from './clients.ts'
import { caughtUp, debian, fill, openDoor, setups } from './cluster.ts'
import { openSession } from './session.ts'
import type { Kind } from './tables.ts'
import { contentsOf, insertion } from './tables.ts'

/** Nothing but a commit that waits for it flushes the log. */
const lazy = { wal_writer_delay: '10s', bgwriter_lru_maxpages: '0', autovacuum: 'off', checkpoint_timeout: '1h' }

/** Pulls with the token of the pull before. */
class Puller {
  token: string | undefined

  async pull(door: Door, held: readonly string[] = []) {
    const changes = await askChanges(door, 1, { since: this.token, held })
    this.token = changes.token
    const { events, gone, reset } = changes
    return { stamps: events.map(stampOf), ids: events.map(({ id }) => id), gone, reset }
  }
}

// Each of these starts clusters, so that `npm test` has time for one setup only.
describe.each(variants(setups.toReversed(), 1))('On $server with tables of $version', ({ programs, version }) => {
  const open = async (settings = {}) => {
    const server = untilTestEnds(await startOwnServer({ programs, settings }))
    await fill(server.url, version, 2)
    return { server, door: await openDoor(server.url) }
  }
  const insert = async ({ session }: Door, stamp: string, kind: Kind = 'CALL') => {
    const text = insertion(version, { kind, selector: 1, stamp, rows: 1, time: "'2026-01-01'" })
    await session.query(text)
  }
  const xid = async ({ session }: Door, table = 'sipcalls') =>
    (await session.query(`SELECT max(xmin::text::bigint) FROM ${table}`))[0]?.[0]

  it('a transaction id that a crash gives out again hides no row, and what the crash undid is gone', async () => {
    const { server, door } = await open(lazy)
    const puller = new Puller()
    await puller.pull(door)
    await insert(door, 'undone')
    const before = await xid(door)
    const { stamps, ids } = await puller.pull(door)
    expect(stamps).toEqual(['undone.1'])
    expect((await puller.pull(door)).stamps).toEqual([])
    await crash(server, door)
    expect(await puller.pull(door, ids)).toMatchObject({ stamps: [], gone: ids, reset: null })
    await insert(door, 'stored')
    expect(await xid(door)).toBe(before)
    expect((await puller.pull(door)).stamps).toEqual(['stored.1'])
    expect((await puller.pull(door)).stamps).toEqual([])
  })

  it('an update that a crash undid does not hide another one under its transaction id', async () => {
    const { server, door } = await open(lazy)
    const puller = new Puller()
    await insert(door, 'p', 'PUSH_TEST')
    await door.session.query('CHECKPOINT')
    await puller.pull(door)
    const conclude = (minute: number) =>
      door.session.query(`UPDATE pushtests SET concluded = '2026-01-01 00:0${minute}:00'`)
    await conclude(1)
    const before = await xid(door, 'pushtests')
    expect((await puller.pull(door)).stamps).toEqual(['p.1'])
    await crash(server, door)
    await conclude(2)
    expect(await xid(door, 'pushtests')).toBe(before)
    expect((await puller.pull(door)).stamps).toEqual(['p.1'])
  })

  it('two crashes, between which the log grows past its old end, hide no row', async () => {
    const { server, door } = await open(lazy)
    const puller = new Puller()
    await puller.pull(door)
    await door.session.query('BEGIN; SELECT txid_current(); ROLLBACK')
    await insert(door, 'undone')
    const before = await xid(door)
    expect((await puller.pull(door)).stamps).toEqual(['undone.1'])
    await crash(server, door)
    const text = insertion(version, { kind: 'MESSAGE', selector: 2, stamp: 'bulk', rows: 2_000, time: 'now()' })
    await door.session.query(`BEGIN; SET LOCAL synchronous_commit = on; ${text}; COMMIT`)
    await insert(door, 'undone, too')
    expect(await xid(door)).toBe(before)
    expect((await puller.pull(door)).stamps).toEqual(['undone, too.1'])
    await crash(server, door)
    await insert(door, 'stored')
    expect(await xid(door)).toBe(before)
    expect((await puller.pull(door)).stamps).toEqual(['stored.1'])
  })

  it('marks follow what is flushed, also between checkpoints, and nothing comes twice', async () => {
    const { door } = await open({ synchronous_commit: 'on', checkpoint_timeout: '1h' })
    const puller = new Puller()
    await puller.pull(door)
    const lengths: number[] = []
    for (let n = 0; n < 40; n++) {
      await insert(door, `row ${n}`)
      expect((await puller.pull(door)).stamps).toEqual([`row ${n}.1`])
      lengths.push(puller.token?.length ?? 0)
    }
    // What was delivered long ago is no longer in the token.
    expect(lengths.at(-1)).toBeLessThan(Math.min(...lengths) + 20)
  })

  it('a standby that lags has nothing yet, says of nothing that it is gone, and later has what is missing', async () => {
    const { server, door: primary } = await open({ synchronous_commit: 'on' })
    const standby = untilTestEnds(await server.standby())
    const lagging = await openDoor(standby.url)
    await caughtUp(primary.session, lagging.session)
    const puller = new Puller()
    await puller.pull(primary)
    await lagging.session.query('SELECT pg_wal_replay_pause()')
    await insert(primary, 'one')
    const { ids } = await puller.pull(primary)
    const nothing = { stamps: [], gone: [], reset: null }
    expect(await puller.pull(lagging, ids)).toMatchObject(nothing)
    await insert(primary, 'two')
    await primary.session.query('CHECKPOINT')
    await insert(primary, 'three', 'MESSAGE')
    const ahead = new Puller()
    ahead.token = puller.token
    expect((await ahead.pull(primary)).stamps).toEqual(['two.1', 'three.1'])
    expect(await ahead.pull(lagging, ids)).toMatchObject(nothing)
    expect(await puller.pull(lagging, ids)).toMatchObject(nothing)
    await insert(primary, 'four')
    await lagging.session.query('SELECT pg_wal_replay_resume()')
    await caughtUp(primary.session, lagging.session)
    expect(await puller.pull(lagging, ids)).toMatchObject({
      stamps: ['two.1', 'three.1', 'four.1'],
      gone: [],
      reset: null,
    })
    expect(await ahead.pull(lagging)).toMatchObject({ stamps: ['four.1'], reset: null })
    for (const one of [puller, ahead]) {
      expect((await one.pull(primary)).stamps).toEqual([])
      expect((await one.pull(lagging)).stamps).toEqual([])
    }
  })

  it('a standby that lags does not put an older version in place of a newer one', async () => {
    const { server, door: primary } = await open({ synchronous_commit: 'on' })
    const standby = untilTestEnds(await server.standby())
    const lagging = await openDoor(standby.url)
    await caughtUp(primary.session, lagging.session)
    const puller = new Puller()
    await puller.pull(primary)
    await insert(primary, 'old')
    await insert(primary, 'p', 'PUSH_TEST')
    await caughtUp(primary.session, lagging.session)
    await lagging.session.query('SELECT pg_wal_replay_pause()')
    await primary.session.query(`UPDATE sipcalls SET callid = 'new'; DELETE FROM pushtests`)
    expect((await puller.pull(primary)).stamps).toEqual(['new'])
    expect(await puller.pull(lagging)).toMatchObject({ stamps: [], reset: null })
    await insert(primary, 'next')
    await lagging.session.query('SELECT pg_wal_replay_resume()')
    await caughtUp(primary.session, lagging.session)
    expect(await puller.pull(lagging)).toMatchObject({ stamps: ['next.1'], reset: null })
  })

  it.each(variants([true, false], 1))(
    'a promoted standby resets tokens of both; behind its primary: %s',
    async (isBehind) => {
      const { server, door: primary } = await open({ synchronous_commit: 'on' })
      const standby = untilTestEnds(await server.standby())
      const promoted = await openDoor(standby.url)
      await insert(primary, 'before')
      await caughtUp(primary.session, promoted.session)
      const [ofPrimary, ofStandby] = [new Puller(), new Puller()]
      await ofStandby.pull(promoted)
      if (isBehind) await standby.cutOff()
      await ofPrimary.pull(primary)
      await insert(primary, 'lost if it was behind')
      expect((await ofPrimary.pull(primary)).stamps).toEqual(['lost if it was behind.1'])
      if (!isBehind) await caughtUp(primary.session, promoted.session)
      await standby.promote()
      await until(
        'it is promoted',
        async () => (await promoted.session.query('SELECT pg_is_in_recovery()'))[0]?.[0] === 'f',
      )
      await insert(promoted, 'after')
      for (const puller of [ofPrimary, ofStandby]) {
        const reset = await puller.pull(promoted)
        expect(reset).toMatchObject({ stamps: [], reset: 'DATABASE_CHANGED' })
        expect([...(await contentsOf(promoted.session, version, 1)).values()]).toContain('after.1')
        await insert(promoted, 'more')
        expect(await puller.pull(promoted)).toMatchObject({ stamps: ['more.1'], reset: null })
      }
      // The old primary goes on by itself.
      expect((await ofPrimary.pull(primary)).reset).toBe('DATABASE_CHANGED')
    },
  )

  it('another cluster resets, also with the same tables', async () => {
    const [one, other] = [await open(), await open()]
    const puller = new Puller()
    await puller.pull(one.door)
    await insert(other.door, 'of the other')
    expect(await puller.pull(other.door)).toMatchObject({ stamps: [], reset: 'DATABASE_CHANGED' })
  })
})

/** Crashes before the log is flushed. */
async function crash(server: OwnServer, { session }: Door): Promise<void> {
  await session.leave()
  await server.crash()
}

describe.skipIf(debian === undefined)('Transaction ids beyond 32 bits', () => {
  it('marks go on across the wrap, each row comes once, and a token that is half a billion too old has expired', async () => {
    const server = untilTestEnds(await startOwnServer({ programs: debian }))
    await fill(server.url, 'V2', 1)
    const door = await openDoor(server.url)
    const insert = (stamp: string) =>
      door.session.query(insertion('V2', { kind: 'CALL', selector: 1, stamp, rows: 1, time: 'now()' }))
    const old = new Puller()
    await insert('long ago')
    await old.pull(door)
    for (const next of [1_500_000_000, 3_000_000_000, 2 ** 32 - 40]) await jump(server, door, next)
    expect((await old.pull(door)).reset).toBe('EXPIRED')

    const [often, seldom] = [new Puller(), new Puller()]
    await often.pull(door)
    await seldom.pull(door)
    const all = Array.from({ length: 80 }, (_, n) => `row ${n}.1`)
    const late: string[] = []
    for (let n = 0; n < all.length; n++) {
      await insert(`row ${n}`)
      if (n % 2 === 0) await door.session.query('CHECKPOINT')
      expect((await often.pull(door)).stamps).toEqual([all[n]])
      if (n % 9 === 0) late.push(...(await seldom.pull(door)).stamps)
    }
    expect([...late, ...(await seldom.pull(door)).stamps]).toEqual(all)
    expect((await often.pull(door)).stamps).toEqual([])
    const [[next] = []] = await door.session.query('SELECT txid_current()')
    expect(Number(next)).toBeGreaterThan(2 ** 32)
  })
})

/** Makes a server go on with a transaction id, as if it had given out all before it. */
async function jump(server: OwnServer, { session }: Door, next: number): Promise<void> {
  await session.query('ALTER DATABASE template0 ALLOW_CONNECTIONS true')
  for (const name of ['postgres', 'template0', 'template1']) {
    const url = new URL(server.url)
    url.pathname = name
    await using one = openSession(url.href)
    await one.query('VACUUM FREEZE')
  }
  await session.leave()
  await server.crash({
    signal: 'SIGINT',
    meanwhile: (owner) => {
      const segment = join(
        server.folder,
        'pg_xact',
        Math.floor(next / 2 ** 20)
          .toString(16)
          .toUpperCase()
          .padStart(4, '0'),
      )
      writeFileSync(segment, Buffer.alloc(2 ** 18))
      if (owner.uid !== undefined && owner.gid !== undefined) chownSync(segment, owner.uid, owner.gid)
      execFileSync(join(debian ?? '', 'pg_resetwal'), ['-x', `${next}`, '-D', server.folder], owner)
    },
  })
}
