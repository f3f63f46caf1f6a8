import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import {
  byInstant,
  byTime,
  exactText,
  fingerprint,
  integer,
  inZone,
  localIn,
  nullableText,
  orderBy,
  recordedText,
  settingColumns,
  sha256,
  text,
  unlessZero,
} from '../columns.ts'
import type { Projection, ProjectionOptions, PushTestRow, SelectorRow, TokenRow } from '../projection.ts'
import type { Schemas } from '../schemas.ts'
import { qualified } from '../schemas.ts'
import type { UniqueKeys } from '../unique-keys.ts'
import { isUnique } from '../unique-keys.ts'
import { data, pushtests, restart, selectors, sipcalls, siptextmessages, tokens } from './tables.ts'

/** Schema v2: rows belong to the selector string; of served columns only tokens.lastseen, concluded and values of settings may be null. */
export function v2Projection({ encoding, timeZone, schemas, keys }: ProjectionOptions): Projection {
  const exact = exactText(selectors.selector, encoding)
  const bySelector = { field: 'exact', sql: sql`${selectors.selector}`, bind: exact.bind } as const

  return {
    version: 'V2',
    keyArray: sql`text[]`,
    selectors: {
      table: qualified(schemas, selectors),
      ofKey: (key) => sql`${selectors.selector} = ${exact.bind(key)}`,
      exists: isUnique(keys, 'selectors', ['selector']) ? sql`true` : isNewest(schemas, keys),
      order: [
        orderBy<SelectorRow>('lastSeen', selectors.lastseen, 'timestamptz'),
        orderBy<SelectorRow>('id', selectors.id, 'bigint'),
        // Two selectors may share an id, and the time with it.
        ...(isUnique(keys, 'selectors', ['id']) ? [] : [bySelector]),
      ],
      alphabetical: [bySelector, orderBy<SelectorRow>('id', selectors.id, 'bigint')],
      suffix: sql`substring(${selectors.selector}, 41)`,
      columns: {
        key: exact.read,
        id: text(selectors.id),
        selector: text(selectors.selector),
        exact: exact.read,
        lastSeen: text(selectors.lastseen),
      },
    },
    tokens: {
      table: qualified(schemas, tokens),
      name: sql`${tokens}`,
      owner: exactText(tokens.selector, encoding).read.sql,
      link: sql`${tokens.selector}`,
      ofKey: (key) => sql`${tokens.selector} = ${exact.bind(key)}`,
      ofSelector: sql`${tokens.selector} = ${selectors.selector}`,
      order: [orderBy<TokenRow>('rowid', tokens.rowid, 'bigint')],
      sha256: sha256(tokens.token, encoding),
      columns: {
        rowid: text(tokens.rowid),
        token: nullableText(tokens.token),
        fingerprint: fingerprint(tokens.token, encoding),
        appId: text(tokens.appid),
        lastSeen: nullableText(tokens.lastseen),
      },
    },
    calls: {
      table: qualified(schemas, sipcalls),
      name: sql`${sipcalls}`,
      owner: exactText(sipcalls.selector, encoding).read.sql,
      link: sql`${sipcalls.selector}`,
      ofKey: (key) => sql`${sipcalls.selector} = ${exact.bind(key)}`,
      ofSelector: sql`${sipcalls.selector} = ${selectors.selector}`,
      order: byTime(sipcalls.time, sipcalls.rowid),
      columns: {
        rowid: text(sipcalls.rowid),
        ...peerColumns(sipcalls),
        callId: recordedText(sipcalls.callid),
        time: text(sipcalls.time),
        missedReasonText: nullableText(sql`nullif(${sipcalls.missedreason}, '')`),
      },
    },
    messages: {
      table: qualified(schemas, siptextmessages),
      name: sql`${siptextmessages}`,
      owner: exactText(siptextmessages.selector, encoding).read.sql,
      link: sql`${siptextmessages.selector}`,
      ofKey: (key) => sql`${siptextmessages.selector} = ${exact.bind(key)}`,
      ofSelector: sql`${siptextmessages.selector} = ${selectors.selector}`,
      order: byTime(siptextmessages.time, siptextmessages.rowid),
      columns: {
        rowid: text(siptextmessages.rowid),
        ...peerColumns(siptextmessages),
        messageId: recordedText(siptextmessages.msgid),
        contentType: recordedText(siptextmessages.contenttype),
        headersBytes: integer(sql`octet_length(${siptextmessages.headers})`),
        bodyBytes: integer(sql`octet_length(${siptextmessages.body})`),
        time: text(siptextmessages.time),
      },
      contents: { headers: text(siptextmessages.headers), body: text(siptextmessages.body) },
    },
    pushTests: {
      table: qualified(schemas, pushtests),
      name: sql`${pushtests}`,
      owner: exactText(pushtests.selector, encoding).read.sql,
      link: sql`${pushtests.selector}`,
      ofKey: (key) => sql`${pushtests.selector} = ${exact.bind(key)}`,
      ofSelector: sql`${pushtests.selector} = ${selectors.selector}`,
      order: [
        orderBy<PushTestRow>('startedLocal', pushtests.started, 'timestamp'),
        orderBy<PushTestRow>('rowid', pushtests.rowid, 'bigint'),
      ],
      clocksChange: timeZone !== 'UTC',
      concludedLocal: sql`${pushtests.concluded}`,
      localOf: (instant) => localIn(instant, timeZone),
      ofName: (name) => sql`${pushtests.selector} = ${name}`,
      byInstant: byInstant(pushtests.started, pushtests.rowid, timeZone),
      columns: {
        rowid: text(pushtests.rowid),
        key: exactText(pushtests.selector, encoding).read,
        pushId: text(pushtests.pushid),
        selectorName: nullableText(pushtests.selector),
        platform: text(pushtests.platform),
        startedLocal: text(pushtests.started),
        started: text(inZone(pushtests.started, timeZone)),
        concluded: nullableText(inZone(pushtests.concluded, timeZone)),
      },
    },
    settings: {
      table: qualified(schemas, data),
      ofKey: (key) => sql`${data.selector} = ${exact.bind(key)}`,
      ofSelector: sql`${data.selector} = ${selectors.selector}`,
      rowid: sql`${data.rowid}`,
      columns: settingColumns(data),
    },
    servers: {
      table: qualified(schemas, restart),
      ofKey: (key) => sql`${restart.selector} = ${exact.bind(key)}`,
      ofSelector: sql`${restart.selector} = ${selectors.selector}`,
      isServer: sql`${restart.name} = 'server'`,
      rowid: sql`${restart.rowid}`,
      columns: { rowid: text(restart.rowid), server: recordedText(sql`coalesce(${restart.value}, '')`) },
    },
  }
}

/**
 * The vendor has not published the keys of v2: if selectors may have duplicates, the newest row is served. The ctid breaks ties of
 * equal rows; views have none.
 */
function isNewest(schemas: Schemas, { withoutCtid }: UniqueKeys): SQL {
  const names = ['lastseen', 'id', ...(withoutCtid.has('selectors') ? [] : ['tableoid', 'ctid'])]
  const of = (table: string) => sql.raw(names.map((name) => `"${table}"."${name}"`).join(', '))
  return sql`NOT EXISTS (SELECT FROM ${qualified(schemas, selectors)} AS "newer"
    WHERE "newer"."selector" = ${selectors.selector} AND (${of('newer')}) > (${of('selectors')}))`
}

function peerColumns(table: typeof sipcalls | typeof siptextmessages) {
  return {
    scheme: recordedText(table.scheme),
    displayName: recordedText(table.userdisplayname),
    username: recordedText(table.username),
    domain: recordedText(table.domain),
    port: unlessZero(table.domainport),
  }
}
