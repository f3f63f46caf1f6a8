/**
 * Schema v1 (SIPIS until 3.59), table by table as the vendor's own dump has it: nullability, indexes, foreign keys and
 * their cascades. Drizzle has no insert rules; they are in the migration `drizzle/v1/*_rules.sql`.
 *
 * Columns have explicit names, because Drizzle mistakes columns without one for those of another version's table.
 */
import { sql } from 'drizzle-orm'
import {
  bigserial,
  index,
  integer,
  pgSequence,
  pgTable,
  serial,
  text,
  timestamp,
  unique,
  varchar,
} from 'drizzle-orm/pg-core'

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })
const selectorId = () =>
  integer('id')
    .notNull()
    .references(() => selectors.id, { onDelete: 'cascade' })

export const selectors = pgTable(
  'selectors',
  {
    id: serial('id').primaryKey(),
    selector: varchar('selector', { length: 64 }),
    lastseen: instant('lastseen').notNull().defaultNow(),
  },
  (t) => [
    unique('selectors_selector_key').on(t.selector),
    // The part after the 40 hexadecimal digits, with its colon.
    index('selectorsuffixindex').on(sql`pg_catalog.substring(${t.selector}, 41)`),
  ],
)

export const tokens = pgTable(
  'tokens',
  {
    rowid: serial('rowid').primaryKey(),
    id: selectorId(),
    token: text('token').notNull(),
    appid: varchar('appid', { length: 200 }).notNull(),
    lastseen: instant('lastseen'),
  },
  (t) => [unique('tokens_unq').on(t.id, t.token, t.appid)],
)

/** Missed calls, and calls that still wait to be reported. No primary key, as in the dump. */
export const sipcalls = pgTable(
  'sipcalls',
  {
    rowid: serial('rowid').notNull(),
    id: selectorId(),
    scheme: varchar('scheme', { length: 6 }),
    userdisplayname: varchar('userdisplayname', { length: 255 }),
    username: varchar('username', { length: 255 }),
    domain: varchar('domain', { length: 255 }),
    domainport: integer('domainport'),
    callid: varchar('callid', { length: 255 }),
    time: instant('time').notNull(),
  },
  (t) => [index('sipcalls_id_idx').on(t.id), index('sipcalls_time_idx').on(t.time)],
)

/** The sequence of siptextmessages.rowid; its name is older than the table's. */
export const sipmessagesRowidSeq = pgSequence('sipmessages_rowid_seq')

/** No primary key, as in the dump. */
export const siptextmessages = pgTable(
  'siptextmessages',
  {
    rowid: integer('rowid').notNull().default(sql`pg_catalog.nextval('sipmessages_rowid_seq')`),
    id: selectorId(),
    scheme: varchar('scheme', { length: 6 }),
    userdisplayname: varchar('userdisplayname', { length: 255 }),
    username: varchar('username', { length: 255 }),
    domain: varchar('domain', { length: 255 }),
    domainport: integer('domainport'),
    msgid: varchar('msgid', { length: 255 }),
    contenttype: varchar('contenttype', { length: 255 }),
    body: text('body'),
    time: instant('time').notNull(),
    headers: text('headers'),
  },
  (t) => [index('siptextmessages_id_idx').on(t.id), index('siptextmessages_time_idx').on(t.time)],
)

/** No rowid and no foreign key: rows outlive their selector on purpose. Times are without a zone. */
export const pushtests = pgTable(
  'pushtests',
  {
    id: integer('id').notNull(),
    pushid: varchar('pushid', { length: 64 }).notNull(),
    platform: varchar('platform', { length: 255 }).notNull(),
    started: timestamp('started', { mode: 'string' }).notNull(),
    concluded: timestamp('concluded', { mode: 'string' }),
  },
  (t) => [unique('pushtestsunq').on(t.id, t.pushid)],
)

export const data = pgTable(
  'data',
  {
    rowid: bigserial('rowid', { mode: 'bigint' }).primaryKey(),
    id: integer('id').references(() => selectors.id, { onDelete: 'cascade' }),
    name: varchar('name', { length: 64 }),
    value: varchar('value', { length: 255 }),
    longvalue: text('longvalue'),
  },
  (t) => [index('data_id_idx').on(t.id)],
)

export const restart = pgTable(
  'restart',
  {
    rowid: serial('rowid').primaryKey(),
    id: selectorId(),
    name: varchar('name', { length: 128 }).notNull(),
    value: varchar('value', { length: 255 }),
    seq: integer('seq').notNull().default(0),
    server: varchar('server', { length: 100 }),
    longvalue: text('longvalue'),
  },
  (t) => [
    unique('restart_unq').on(t.id, t.name, t.seq),
    index('restart_id_idx').on(t.id),
    index('restart_id_server_idx').on(t.id, t.server),
    index('restart_server_idx').on(t.server),
  ],
)

/** Undocumented by the vendor, but in its dump. */
export const remoteagents = pgTable(
  'remoteagents',
  {
    id: selectorId(),
    remoteagentname: text('remoteagentname').notNull(),
    remoteagenttype: text('remoteagenttype').notNull(),
    lastseen: instant('lastseen').notNull(),
  },
  (t) => [unique('remoteagents_unq').on(t.id, t.remoteagentname, t.remoteagenttype)],
)
