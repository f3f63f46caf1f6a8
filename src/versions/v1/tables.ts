/**
 * Schema v1 (SIPIS until 3.59), table by table as the vendor's own dump has it: nullability, indexes, foreign keys and
 * their cascades. The insert rules cannot be said in Drizzle; they are in the migration `drizzle/v1/*_rules.sql`.
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

const instant = () => timestamp({ withTimezone: true, mode: 'string' })
const selectorId = () =>
  integer()
    .notNull()
    .references(() => selectors.id, { onDelete: 'cascade' })

export const selectors = pgTable(
  'selectors',
  {
    id: serial().primaryKey(),
    selector: varchar({ length: 64 }),
    lastseen: instant().notNull().defaultNow(),
  },
  (t) => [
    unique('selectors_selector_key').on(t.selector),
    // The part behind the 40 hexadecimal digits, with its colon.
    index('selectorsuffixindex').on(sql`substring(${t.selector}, 41)`),
  ],
)

export const tokens = pgTable(
  'tokens',
  {
    rowid: serial().primaryKey(),
    id: selectorId(),
    token: text().notNull(),
    appid: varchar({ length: 200 }).notNull(),
    lastseen: instant(),
  },
  (t) => [unique('tokens_unq').on(t.id, t.token, t.appid)],
)

/** Missed calls, and calls that still wait to be reported. No primary key, as in the dump. */
export const sipcalls = pgTable(
  'sipcalls',
  {
    rowid: serial().notNull(),
    id: selectorId(),
    scheme: varchar({ length: 6 }),
    userdisplayname: varchar({ length: 255 }),
    username: varchar({ length: 255 }),
    domain: varchar({ length: 255 }),
    domainport: integer(),
    callid: varchar({ length: 255 }),
    time: instant().notNull(),
  },
  (t) => [index('sipcalls_id_idx').on(t.id), index('sipcalls_time_idx').on(t.time)],
)

/** The sequence of siptextmessages.rowid; its name is older than the table's. */
export const sipmessagesRowidSeq = pgSequence('sipmessages_rowid_seq')

/** No primary key, as in the dump. */
export const siptextmessages = pgTable(
  'siptextmessages',
  {
    rowid: integer()
      .notNull()
      .default(sql`nextval('sipmessages_rowid_seq')`),
    id: selectorId(),
    scheme: varchar({ length: 6 }),
    userdisplayname: varchar({ length: 255 }),
    username: varchar({ length: 255 }),
    domain: varchar({ length: 255 }),
    domainport: integer(),
    msgid: varchar({ length: 255 }),
    contenttype: varchar({ length: 255 }),
    body: text(),
    time: instant().notNull(),
    headers: text(),
  },
  (t) => [index('siptextmessages_id_idx').on(t.id), index('siptextmessages_time_idx').on(t.time)],
)

/** No rowid and no foreign key: rows outlive their selector on purpose. Times are without a zone. */
export const pushtests = pgTable(
  'pushtests',
  {
    id: integer().notNull(),
    pushid: varchar({ length: 64 }).notNull(),
    platform: varchar({ length: 255 }).notNull(),
    started: timestamp({ mode: 'string' }).notNull(),
    concluded: timestamp({ mode: 'string' }),
  },
  (t) => [unique('pushtestsunq').on(t.id, t.pushid)],
)

export const data = pgTable(
  'data',
  {
    rowid: bigserial({ mode: 'bigint' }).primaryKey(),
    id: integer().references(() => selectors.id, { onDelete: 'cascade' }),
    name: varchar({ length: 64 }),
    value: varchar({ length: 255 }),
    longvalue: text(),
  },
  (t) => [index('data_id_idx').on(t.id)],
)

export const restart = pgTable(
  'restart',
  {
    rowid: serial().primaryKey(),
    id: selectorId(),
    name: varchar({ length: 128 }).notNull(),
    value: varchar({ length: 255 }),
    seq: integer().notNull().default(0),
    server: varchar({ length: 100 }),
    longvalue: text(),
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
    remoteagentname: text().notNull(),
    remoteagenttype: text().notNull(),
    lastseen: instant().notNull(),
  },
  (t) => [unique('remoteagents_unq').on(t.id, t.remoteagentname, t.remoteagenttype)],
)
