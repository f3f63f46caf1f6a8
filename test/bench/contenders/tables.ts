/** Drizzle tables as a developer would write them. The schemas differ in the owner of a row and in the reason. */
import { sql } from 'drizzle-orm'
import { bigint, customType, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { isV1 } from './environment.ts'

export type Key = string | number

const linkType = customType<{ data: Key }>({ dataType: () => (isV1 ? 'integer' : 'varchar(64)') })
const link = () => linkType(isV1 ? 'id' : 'selector').notNull()
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })
const rowid = () => bigint('rowid', { mode: 'number' }).notNull()
const peer = {
  scheme: text('scheme').notNull(),
  displayName: text('userdisplayname').notNull(),
  username: text('username').notNull(),
  domain: text('domain').notNull(),
  port: integer('domainport').notNull(),
}

export const selectors = pgTable('selectors', {
  id: bigint('id', { mode: 'number' }).primaryKey(),
  selector: text('selector').notNull(),
  lastSeen: instant('lastseen').notNull(),
})

export const tokens = pgTable('tokens', {
  rowid: rowid(),
  link: link(),
  appId: text('appid').notNull(),
  lastSeen: instant('lastseen'),
})

export const calls = pgTable('sipcalls', {
  rowid: rowid(),
  link: link(),
  ...peer,
  callId: text('callid').notNull(),
  time: instant('time').notNull(),
})

/** v1 has no such column. */
export const missedReason = sql<string | null>`${sql.raw(isV1 ? 'NULL::text' : '"sipcalls"."missedreason"')}`.as(
  'missed_reason',
)

export const messages = pgTable('siptextmessages', {
  rowid: rowid(),
  link: link(),
  ...peer,
  messageId: text('msgid').notNull(),
  contentType: text('contenttype').notNull(),
  time: instant('time').notNull(),
})

export const pushTests = pgTable('pushtests', {
  link: link(),
  pushId: text('pushid').notNull(),
  platform: text('platform').notNull(),
  started: timestamp('started', { mode: 'string' }).notNull(),
  concluded: timestamp('concluded', { mode: 'string' }),
})
