import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { createRecentCounts } from '../../../src/loaders/recent-counts.ts'
import { detect } from '../../../src/sipis/detect.ts'
import { projectionOf } from '../../../src/sipis/versions.ts'
import { startArchive } from '../../support/archiving.ts'
import { isFull } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import { addDataSet, addRow, addSelector, selectorNamed } from '../../support/rows.ts'
import { templates } from '../../support/templates.ts'
import { until } from '../../support/until.ts'

const at = '2026-07-01T12:00:00.123456Z'

const archiveDatabase = async (encoding: 'UTF8' | 'SQL_ASCII' = 'UTF8') => untilTestEnds(await emptyDatabase(encoding))

const rowidsIn = async ({ sql }: TestDatabase, table = 'sipcalls') =>
  (await sql(`SELECT rowid FROM ${table} ORDER BY rowid`)).map(([rowid]) => Number(rowid))

/** In CI each version and each encoding once. */
const sources = templates.filter(({ version, encoding }) => isFull || (version === 'V1') === (encoding === 'UTF8'))

describe.each(sources)('An archive of $version, $encoding', ({ version, encoding }) => {
  const open = async () => {
    const { url, sql } = untilTestEnds(await cloneDatabase(version, encoding))
    return { version, url, sql }
  }

  it('has what was there at first and what came later, and keeps it when the source deletes it', async () => {
    const source = await open()
    await addDataSet(source, { selectors: 5 })
    const target = await archiveDatabase()
    const archiving = startArchive(source, target, { paceMs: 20 })
    await archiving.caughtUp()
    expect(archiving.said).toEqual([
      'Reading all rows of the source, and what changes meanwhile.',
      'All rows of the source are in the archive; from now on it follows what changes.',
    ])
    const count = async (db: Pick<TestDatabase, 'sql'>) =>
      (
        await db.sql(
          `SELECT (SELECT count(*) FROM sipcalls), (SELECT count(*) FROM siptextmessages), (SELECT count(*) FROM pushtests)`,
        )
      )[0]
    const before = await count(source)
    expect(await count(target)).toEqual(before)

    await addSelector(source, 99)
    await addRow(source, 'sipcalls', 99, { rowid: 900_001, userdisplayname: 'Zoë', callid: 'late', time: at })
    await addRow(source, 'siptextmessages', 99, { rowid: 900_002, body: 'b\\1', headers: '<x/>', time: '2001-01-01' })
    await addRow(source, 'pushtests', 99, { rowid: 900_003, pushid: 'p', platform: 'iOS', started: '2026-07-01' })
    await archiving.caughtUp()
    await source.sql(`UPDATE pushtests SET concluded = '2026-07-02' WHERE pushid = 'p'`)
    await source.sql('DELETE FROM sipcalls')
    await source.sql('DELETE FROM siptextmessages')
    await archiving.caughtUp()
    await source.sql('DELETE FROM pushtests')
    await archiving.caughtUp()
    await archiving.stop()
    expect(await count(target)).toEqual(before?.map((n) => String(Number(n) + 1)))
    expect(
      await target.sql(
        `SELECT selector, userdisplayname, callid, time::text, missedreason, domainport FROM sipcalls WHERE rowid = 900001`,
      ),
    ).toEqual([
      [selectorNamed(99), 'Zoë', 'late', '2026-07-01 12:00:00.123456+00', version === 'V1' ? '' : 'Missed', '0'],
    ])
    expect(await target.sql(`SELECT body, headers FROM siptextmessages WHERE rowid = 900002`)).toEqual([
      ['b\\1', '<x/>'],
    ])
    expect(await target.sql(`SELECT concluded::text FROM pushtests WHERE pushid = 'p'`)).toEqual([
      ['2026-07-02 00:00:00'],
    ])
    const reader = openReader(target.url)
    const detected = await detect(reader)
    expect(detected).toMatchObject({ version: 'V2' })
    const counts = createRecentCounts(reader, projectionOf('V2', { ...detected, timeZone: 'UTC' }))
    expect(await counts.archiveLag(AbortSignal.timeout(5_000))).toBeGreaterThanOrEqual(0)
    await reader.close()
  })

  it('reads the same again without writing a row, and goes on where it was', async () => {
    const source = await open()
    await addDataSet(source, { selectors: 3 })
    const target = await archiveDatabase(encoding === 'UTF8' ? 'SQL_ASCII' : 'UTF8')
    const first = startArchive(source, target, { paceMs: 20 })
    await first.caughtUp()
    await first.stop()
    const written = first.facts?.written
    await addRow(source, 'sipcalls', 1, { rowid: 900_001, time: at })
    const second = startArchive(source, target, { paceMs: 20 })
    await second.caughtUp()
    expect([second.said, second.facts?.written]).toEqual([[], (written ?? 0n) + 1n])
    await second.stop()
    // As after a reset.
    await target.sql(
      `UPDATE sipis_gateway.archive_state SET feed_position = replace(feed_position, '"timeline":1', '"timeline":7')`,
    )
    const third = startArchive(source, target, { paceMs: 20 })
    await third.caughtUp()
    expect(third.said[0]).toMatch(/^The feed of changes was reset \(DATABASE_CHANGED\)/)
    expect(third.facts?.written).toBe((written ?? 0n) + 1n)
  })
})

describe('An archive', () => {
  it.each(['UTF8', 'SQL_ASCII'] as const)('in %s keeps bytes that are not UTF-8 as it is told', async (encoding) => {
    const source = untilTestEnds(await cloneDatabase('V1', 'SQL_ASCII'))
    const insert = (rowid: number, name: string) =>
      source.sql(
        `INSERT INTO sipcalls (rowid, id, userdisplayname, time) VALUES (${rowid}, 1, convert_from('${name}', 'SQL_ASCII'), now())`,
      )
    await addSelector({ version: 'V1', sql: source.sql }, 1)
    await insert(1, '\\x4d96')
    await insert(2, '\\x4dc3b6')
    const shown = async (invalidBytes: 'reject' | 'replace' | 'latin1') => {
      const target = await archiveDatabase(encoding)
      const archiving = startArchive(source, target, { paceMs: 20, invalidBytes })
      await archiving.caughtUp()
      await archiving.stop()
      const bytes =
        encoding === 'UTF8' ? `convert_to(userdisplayname, 'UTF8')` : `convert_to(userdisplayname, 'SQL_ASCII')`
      return [await target.sql(`SELECT rowid, ${bytes}::text FROM sipcalls ORDER BY 1`), archiving.facts?.rejected]
    }
    const both = (name: string) => [
      [
        ['1', name],
        ['2', '\\x4dc3b6'],
      ],
      0n,
    ]
    const isRaw = encoding === 'SQL_ASCII'
    expect(await shown('reject')).toEqual(isRaw ? both('\\x4d96') : [[['2', '\\x4dc3b6']], 1n])
    expect(await shown('replace')).toEqual(both(isRaw ? '\\x4d96' : '\\x4defbfbd'))
    expect(await shown('latin1')).toEqual(both(isRaw ? '\\x4d96' : '\\x4dc296'))
  })

  it('leaves out and counts what cannot be stored, and writes the rest', async () => {
    const source = { version: 'V1' as const, ...untilTestEnds(await cloneDatabase('V1')) }
    await addSelector(source, 1)
    const target = await archiveDatabase()
    const archiving = startArchive(source, target, { paceMs: 20 })
    await archiving.caughtUp()
    await target.sql(`ALTER TABLE sipcalls ADD CHECK (username <> 'refused')`)
    await source.sql(`INSERT INTO sipcalls (rowid, id, username, time)
      SELECT n, 1, CASE WHEN n % 7 = 0 THEN 'refused' ELSE 'u' END, now() FROM generate_series(1, 100) n`)
    await source.sql(`INSERT INTO pushtests VALUES (99, 'orphan', 'iOS', now())`)
    await archiving.caughtUp()
    expect((await rowidsIn(target)).length).toBe(86)
    expect(archiving.facts).toMatchObject({ written: 86n, rejected: 15n })
    expect(archiving.said.filter((line) => line.startsWith('A row of'))).toEqual([
      expect.stringMatching(/^A row of sipcalls cannot be stored \(rowid \d+\): .*check constraint/),
      expect.stringMatching(/^A row of pushtests cannot be stored \(id 99, pushid orphan\): orphan/),
    ])
  })

  it('reads everything anew after a transaction that is too large for the feed', async () => {
    const source = { version: 'V2' as const, ...untilTestEnds(await cloneDatabase('V2')) }
    await addSelector(source, 1)
    const target = await archiveDatabase()
    const archiving = startArchive(source, target, { paceMs: 20 })
    await archiving.caughtUp()
    await source.sql(
      `INSERT INTO sipcalls (selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
      SELECT $1, '', '', '', '', 0, n, '2001-01-01', '' FROM generate_series(1, 11000) n`,
      [selectorNamed(1)],
    )
    await until('all are there', async () => (await target.sql('SELECT count(*) FROM sipcalls'))[0]?.[0] === '11000')
    await archiving.caughtUp()
    expect(archiving.said.join()).toContain('reset (TOO_MUCH)')
    expect(archiving.facts).toMatchObject({ written: 11_000n, isReadingAll: false })
    expect(await target.sql('SELECT resets, last_reset, reading_all FROM sipis_gateway.archive_state')).toEqual([
      ['1', 'TOO_MUCH', 'f'],
    ])
  })

  it('is complete although a transaction stays open below thousands of later rows', async () => {
    const source = { version: 'V2' as const, ...untilTestEnds(await cloneDatabase('V2')) }
    const target = await archiveDatabase()
    const archiving = startArchive(source, target, { paceMs: 20 })
    await archiving.caughtUp()
    const idle = new pg.Client(source.url)
    await idle.connect()
    await idle.query('BEGIN; SELECT txid_current()')
    const insert = (first: number) =>
      source.sql(`INSERT INTO sipcalls (rowid, selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
        SELECT n, 's', '', '', '', '', 0, n, now(), '' FROM generate_series(${first}, ${first + 4999}) n`)
    for (const first of [1, 5_001, 10_001]) {
      await insert(first)
      await archiving.caughtUp()
      await source.sql('DELETE FROM sipcalls')
    }
    expect(archiving.said.join()).not.toContain('reset')
    for (const first of [15_001, 20_001, 25_001]) await insert(first)
    await until('all are there', async () => (await rowidsIn(target)).length === 30_000, 60_000)
    expect(archiving.said.join()).toContain('TOO_MUCH')
    await idle.end()
    await archiving.caughtUp()
    expect((await rowidsIn(target)).length).toBe(30_000)
  })

  it('does not write an older version over a newer one while it reads everything', async () => {
    const source = { version: 'V2' as const, ...untilTestEnds(await cloneDatabase('V2')) }
    await source.sql(`INSERT INTO sipcalls (rowid, selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
      SELECT n, 's', '', '', '', '', 0, n, now(), '' FROM generate_series(1, 15000) n`)
    await source.sql(`INSERT INTO pushtests (selector, pushid, platform, started)
      SELECT 's', n, 'iOS', '2026-07-01' FROM generate_series(1, 100) n`)
    const target = await archiveDatabase()
    const archiving = startArchive(source, target, { paceMs: 1 })
    await until('it reads', () => archiving.facts?.isReadingAll === true)
    await source.sql(`UPDATE pushtests SET concluded = '2030-01-01'`)
    await archiving.caughtUp()
    expect(await target.sql(`SELECT count(*) FROM pushtests WHERE concluded IS DISTINCT FROM '2030-01-01'`)).toEqual([
      ['0'],
    ])
  })

  it('takes messages of megabytes, and a push test that is there twice once', async () => {
    const source = { version: 'V2' as const, ...untilTestEnds(await cloneDatabase('V2')) }
    await addSelector(source, 1)
    const target = await archiveDatabase()
    const archiving = startArchive(source, target, { paceMs: 20 })
    await archiving.caughtUp()
    const add = (rowid: number) =>
      addRow(source, 'siptextmessages', 1, { rowid, body: 'x"\\'.repeat(1_000_000), time: at })
    for (const rowid of [1, 2, 3, 4]) await add(rowid)
    for (const rowid of [1, 2]) {
      await addRow(source, 'pushtests', 1, { rowid, pushid: 'p', platform: 'iOS', started: '2026-07-01' })
    }
    await archiving.caughtUp()
    await source.sql('DELETE FROM siptextmessages')
    await archiving.caughtUp()
    expect(await target.sql('SELECT count(*), min(length(body)), max(length(body)) FROM siptextmessages')).toEqual([
      ['4', '3000000', '3000000'],
    ])
    expect(await target.sql('SELECT pushid FROM pushtests')).toEqual([['p']])
  })

  it('keeps calls apart whose numbers a new source gives out again', async () => {
    const target = await archiveDatabase()
    for (const callid of ['of the first', 'of the second']) {
      const source = { version: 'V2' as const, ...untilTestEnds(await cloneDatabase('V2')) }
      await addSelector(source, 1)
      await addRow(source, 'sipcalls', 1, { rowid: 1, callid, time: at })
      const archiving = startArchive(source, target, { paceMs: 20 })
      await archiving.caughtUp()
      await archiving.stop()
    }
    expect(await target.sql('SELECT rowid, callid FROM sipcalls ORDER BY 2')).toEqual([
      ['1', 'of the first'],
      ['1', 'of the second'],
    ])
  })

  it('deletes what is older than it is to keep, with selectors that have nothing left, and does not write it', async () => {
    const source = { version: 'V2' as const, ...untilTestEnds(await cloneDatabase('V2')) }
    await addSelector(source, 1, { lastseen: '2001-01-01' })
    await addSelector(source, 2)
    const target = await archiveDatabase()
    const all = startArchive(source, target, { paceMs: 20 })
    await all.caughtUp()
    await source.sql(
      `INSERT INTO sipcalls (rowid, selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
      SELECT n, $1, '', '', '', '', 0, n, now() - interval '100 days', '' FROM generate_series(1, 2500) n`,
      [selectorNamed(1)],
    )
    await addRow(source, 'sipcalls', 2, { rowid: 5_000, time: new Date().toISOString() })
    await addRow(source, 'pushtests', 1, { rowid: 1, pushid: 'p', platform: 'iOS', started: '2001-01-01' })
    await all.caughtUp()
    await all.stop()
    expect((await rowidsIn(target)).length).toBe(2_501)
    const some = startArchive(source, target, { paceMs: 20, keepDays: 90 })
    await until('the old ones are gone', () => some.facts?.expired === 2_501n)
    await addRow(source, 'sipcalls', 1, { rowid: 6_000, time: '2001-01-01' })
    await some.caughtUp()
    expect([await rowidsIn(target), await rowidsIn(target, 'pushtests')]).toEqual([[5_000], []])
    await until(
      'the selector is gone',
      async () => (await target.sql('SELECT count(*) FROM selectors'))[0]?.[0] === '1',
    )
  })

  it('refuses a target with tables that it did not make, the source itself, and a target that another one writes', async () => {
    const source = untilTestEnds(await cloneDatabase('V2'))
    const foreign = untilTestEnds(await cloneDatabase('V1'))
    await expect(startArchive(source, foreign).ended).rejects.toThrow(/already has .*sipcalls.*did not create/)
    await expect(startArchive(source, source).ended).rejects.toThrow(/did not create/)
    const nothing = await archiveDatabase()
    await expect(startArchive(nothing, nothing).ended).rejects.toThrow(/no tables of SIPIS|SIPIS/)
    expect(await nothing.sql(`SELECT to_regnamespace('sipis_gateway')`)).toEqual([[null]])
    const target = await archiveDatabase()
    const first = startArchive(source, target, { paceMs: 20 })
    await first.caughtUp()
    await expect(startArchive(source, target).ended).rejects.toThrow('Another archiver writes into target')
    await first.stop()
    await expect(startArchive(target, target).ended).rejects.toThrow('target is the source itself')
    const latin = untilTestEnds(await emptyDatabase('LATIN1'))
    await expect(startArchive(source, latin).ended).rejects.toThrow(/LATIN1/)
  })
})
