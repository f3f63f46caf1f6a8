import fc from 'fast-check'
import type { TestDatabase } from './database.ts'
import type { Encoding } from './templates.ts'

/** Text as hexadecimal bytes, or null. */
const valid = fc
  .string({ unit: 'grapheme', maxLength: 70 })
  .filter((text) => !text.includes('\0'))
  .map((text) => Buffer.from(text.toWellFormed()).toString('hex'))
const awkward = fc.constantFrom(
  '',
  '5c',
  '5c4e',
  '5c2e',
  '09',
  '0a',
  '0d0a',
  '1f',
  '1e',
  '3d',
  '22',
  '27',
  'e280a8',
  '7f',
  '20',
  Buffer.from('n'.repeat(65)).toString('hex'),
  Buffer.from('ž'.repeat(64)).toString('hex'),
)
const anyBytes = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) => Buffer.from(bytes.map((byte) => byte || 1)).toString('hex'))
const huge = fc.constant('c5be'.repeat(2_000_000))
const cell = fc.oneof(
  { weight: 6, arbitrary: valid },
  { weight: 3, arbitrary: awkward },
  { weight: 2, arbitrary: anyBytes },
  { weight: 2, arbitrary: fc.constant(null) },
)
const id = fc.integer({ min: 1, max: 6 })
const rowid = fc.integer({ min: 1, max: 12 })
const time = fc.constantFrom(
  'infinity',
  '-infinity',
  '0044-03-15 00:00:00+00 BC',
  '2026-01-01 00:00:00.000001+00',
  '2026-01-01 00:00:00+00',
  '12026-01-01 00:00:00+00',
)
const rows = <T>(row: fc.Arbitrary<T>) => fc.array(row, { maxLength: 6 })

/** A v1 database as years of use may have left it. */
export const dirtyDatabase = fc.record({
  source: fc.constantFrom('UTF8', 'SQL_ASCII'),
  target: fc.constantFrom('UTF8', 'SQL_ASCII'),
  invalidBytes: fc.constantFrom('reject', 'replace', 'latin1'),
  /** Without its constraints, but for the primary key of selectors, a v1 database lets orphans and duplicates in. */
  lax: fc.boolean(),
  selectors: rows(fc.record({ id, selector: cell, lastseen: time })),
  tokens: rows(fc.record({ rowid, id, token: cell, appid: cell, lastseen: fc.option(time) })),
  calls: rows(
    fc.record({
      rowid,
      id,
      scheme: fc.constantFrom(null, '736970'),
      name: cell,
      username: cell,
      domain: cell,
      port: fc.option(fc.integer({ min: -5, max: 70_000 })),
      callid: cell,
      time,
    }),
  ),
  messages: rows(
    fc.record({
      rowid,
      id,
      username: cell,
      msgid: cell,
      contenttype: cell,
      headers: cell,
      body: fc.oneof({ weight: 30, arbitrary: cell }, { weight: 1, arbitrary: huge }),
      time,
    }),
  ),
  pushtests: rows(fc.record({ id, pushid: cell, platform: cell, started: time, concluded: fc.option(time) })),
  data: rows(fc.record({ rowid, id: fc.option(id), name: cell, value: cell })),
  restart: rows(
    fc.record({
      rowid,
      id,
      name: fc.oneof(cell, fc.constant(Buffer.from('server').toString('hex'))),
      value: cell,
      seq: fc.integer({ min: 0, max: 1 }),
      server: fc.option(awkward),
    }),
  ),
})
export type Dirty = typeof dirtyDatabase extends fc.Arbitrary<infer T> ? T : never

/** Inserts what the database lets in; what its constraints refuse is no row of it. */
export async function fill({ sql }: TestDatabase, dirty: Omit<Dirty, 'source'> & { source: Encoding }): Promise<void> {
  if (dirty.lax) {
    for (const [constraint, table] of await sql(
      `SELECT conname, conrelid::regclass FROM pg_constraint WHERE contype IN ('f', 'p', 'u') AND connamespace = 'public'::regnamespace AND conname <> 'selectors_pkey' ORDER BY contype`,
    )) {
      await sql(`ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`)
    }
    for (const [rule, table] of await sql(`SELECT rulename, tablename FROM pg_rules WHERE schemaname = 'public'`))
      await sql(`DROP RULE ${rule} ON ${table}`)
  }
  const text = (hex: string | null, max: number) =>
    hex === null ? 'NULL' : `left(convert_from('\\x${hex}', '${dirty.source}'), ${max})`
  const required = (hex: string | null, max: number) => text(hex ?? '', max)
  const timed = (value: string | null) => (value === null ? 'NULL' : `'${value}'`)
  const insert = async (table: string, values: (string | number | null)[]) => {
    const list = values.map((value) => (value === null ? 'NULL' : String(value))).join(', ')
    await sql(`INSERT INTO ${table} VALUES (${list})`).catch((error: { code: string }) => {
      if (!['23503', '23505', '22021', '22001', '23502'].includes(error.code)) throw error
    })
  }
  for (const row of dirty.selectors)
    await insert('selectors (id, selector, lastseen)', [row.id, text(row.selector, 64), timed(row.lastseen)])
  for (const row of dirty.tokens)
    await insert('tokens (rowid, id, token, appid, lastseen)', [
      row.rowid,
      row.id,
      required(row.token, 100),
      required(row.appid, 200),
      timed(row.lastseen),
    ])
  for (const row of dirty.calls) {
    await insert('sipcalls (rowid, id, scheme, userdisplayname, username, domain, domainport, callid, time)', [
      row.rowid,
      row.id,
      text(row.scheme, 6),
      text(row.name, 255),
      text(row.username, 255),
      text(row.domain, 255),
      row.port,
      text(row.callid, 255),
      timed(row.time),
    ])
  }
  for (const row of dirty.messages) {
    await insert('siptextmessages (rowid, id, username, msgid, contenttype, headers, body, time)', [
      row.rowid,
      row.id,
      text(row.username, 255),
      text(row.msgid, 255),
      text(row.contenttype, 255),
      text(row.headers, 5_000_000),
      text(row.body, 5_000_000),
      timed(row.time),
    ])
  }
  const local = (value: string | null) => timed(value === null ? null : value.replace('+00', ''))
  for (const row of dirty.pushtests)
    await insert('pushtests (id, pushid, platform, started, concluded)', [
      row.id,
      required(row.pushid, 64),
      required(row.platform, 255),
      local(row.started),
      local(row.concluded),
    ])
  for (const row of dirty.data)
    await insert('data (rowid, id, name, value)', [row.rowid, row.id, text(row.name, 64), text(row.value, 255)])
  for (const row of dirty.restart)
    await insert('restart (rowid, id, name, value, seq, server)', [
      row.rowid,
      row.id,
      required(row.name, 128),
      text(row.value, 255),
      row.seq,
      text(row.server, 100),
    ])
}
