/**
 * Schema v2 (SIPIS since 4.0). Columns and nullability are the vendor's documentation; keys and indexes are the gateway's,
 * because the vendor has published none. There are no foreign keys: the order in which SIPIS writes is not known, and a database
 * that `init` creates must never refuse what SIPIS inserts.
 *
 * The history indexes are plain ascending (selector, time, rowid): read backwards they also give newest first.
 *
 * Columns have explicit names, because Drizzle mistakes columns without one for those of another version's table.
 */
import { sql } from 'drizzle-orm'
import { bigserial, index, integer, pgTable, text, timestamp, unique, varchar } from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })
const rowid = () => bigserial('rowid', { mode: 'bigint' }).primaryKey()
const selector = () => varchar('selector', { length: 64 }).notNull()
const peer = {
  scheme: varchar('scheme', { length: 6 }).notNull(),
  userdisplayname: varchar('userdisplayname', { length: 255 }).notNull(),
  username: varchar('username', { length: 255 }).notNull(),
  domain: varchar('domain', { length: 255 }).notNull(),
  domainport: integer('domainport').notNull(),
}

export const selectors = pgTable(
  'selectors',
  {
    id: bigserial('id', { mode: 'bigint' }).primaryKey(),
    selector: selector(),
    lastseen: instant('lastseen').notNull().defaultNow(),
  },
  (t) => [
    unique('selectors_selector_key').on(t.selector),
    // Serves LIKE of a prefix in any collation, which needs this operator class.
    index('selectors_selector_prefix_idx').on(t.selector.op('varchar_pattern_ops')),
    index('selectorsuffixindex').on(sql`pg_catalog.substring(${t.selector}, 41)`),
    index('selectors_lastseen_id_idx').on(t.lastseen, t.id),
  ],
)

export const tokens = pgTable(
  'tokens',
  {
    rowid: rowid(),
    selector: selector(),
    token: text('token').notNull(),
    appid: varchar('appid', { length: 200 }).notNull(),
    lastseen: instant('lastseen'),
  },
  (t) => [
    // SIPIS 4 upserts tokens by these three.
    unique('tokens_selector_token_appid_key').on(t.selector, t.token, t.appid),
    index('tokens_selector_rowid_idx').on(t.selector, t.rowid),
    index('tokens_appid_idx').on(t.appid),
  ],
)

/** Missed calls, and calls that still wait to be reported. */
export const sipcalls = pgTable(
  'sipcalls',
  {
    rowid: rowid(),
    selector: selector(),
    ...peer,
    callid: varchar('callid', { length: 255 }).notNull(),
    time: instant('time').notNull(),
    missedreason: varchar('missedreason', { length: 64 }).notNull(),
  },
  (t) => [
    index('sipcalls_selector_time_rowid_idx').on(t.selector, t.time, t.rowid),
    index('sipcalls_time_rowid_idx').on(t.time, t.rowid),
  ],
)

/** headers is XML; body is encrypted by SIPIS and may be 4 MiB. */
export const siptextmessages = pgTable(
  'siptextmessages',
  {
    rowid: rowid(),
    selector: selector(),
    ...peer,
    msgid: varchar('msgid', { length: 255 }).notNull(),
    contenttype: varchar('contenttype', { length: 255 }).notNull(),
    headers: text('headers').notNull(),
    body: text('body').notNull(),
    time: instant('time').notNull(),
  },
  (t) => [
    index('siptextmessages_selector_time_rowid_idx').on(t.selector, t.time, t.rowid),
    index('siptextmessages_time_rowid_idx').on(t.time, t.rowid),
  ],
)

/** Times are without a zone. */
export const pushtests = pgTable(
  'pushtests',
  {
    rowid: rowid(),
    selector: selector(),
    pushid: varchar('pushid', { length: 64 }).notNull(),
    platform: varchar('platform', { length: 255 }).notNull(),
    started: timestamp('started', { mode: 'string' }).notNull(),
    concluded: timestamp('concluded', { mode: 'string' }),
  },
  (t) => [
    index('pushtests_selector_started_rowid_idx').on(t.selector, t.started, t.rowid),
    index('pushtests_selector_pushid_idx').on(t.selector, t.pushid),
    index('pushtests_started_rowid_idx').on(t.started, t.rowid),
  ],
)

export const data = pgTable(
  'data',
  {
    rowid: rowid(),
    selector: selector(),
    name: varchar('name', { length: 64 }).notNull(),
    value: varchar('value', { length: 255 }),
    longvalue: text('longvalue'),
  },
  (t) => [index('data_selector_name_idx').on(t.selector, t.name)],
)

export const restart = pgTable(
  'restart',
  {
    rowid: rowid(),
    selector: selector(),
    name: varchar('name', { length: 64 }).notNull(),
    seq: integer('seq').notNull().default(0),
    value: varchar('value', { length: 255 }),
    longvalue: text('longvalue'),
  },
  // SIPIS 4 upserts restart entries by these three.
  (t) => [unique('restart_selector_name_seq_key').on(t.selector, t.name, t.seq)],
)

/**
 * ASSUMPTION: the vendor says only that this is "information necessary for calculating correct badge number". The columns
 * are a placeholder for a database that `init` creates; nothing reads them.
 */
export const badge = pgTable('badge', {
  selector: varchar('selector', { length: 64 }).primaryKey(),
  badge: integer('badge').notNull().default(0),
})

/**
 * ASSUMPTION: the vendor says only that this is "versioning information of the other tables". The columns are a
 * placeholder; they are read only if a database has columns of these names.
 */
export const tableversions = pgTable('tableversions', {
  name: varchar('name', { length: 64 }).primaryKey(),
  version: integer('version').notNull(),
})
