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
import { qualified } from '../schemas.ts'
import { data, pushtests, restart, selectors, sipcalls, siptextmessages, tokens } from './tables.ts'

/** Schema v1: rows belong to selectors.id, every part of a caller may be null, a call has no reason, a push test no rowid. */
export function v1Projection({ encoding, timeZone, schemas }: ProjectionOptions): Projection {
  const exact = exactText(selectors.selector, encoding)
  const pushTestRowid = sql`hashtextextended(${pushtests.pushid}, ${pushtests.id}::bigint)`

  return {
    version: 'V1',
    keyArray: sql`integer[]`,
    selectors: {
      table: qualified(schemas, selectors),
      ofKey: (key) => sql`${selectors.id} = ${key}`,
      exists: sql`${selectors.selector} IS NOT NULL`,
      order: [
        orderBy<SelectorRow>('lastSeen', selectors.lastseen, 'timestamptz'),
        orderBy<SelectorRow>('id', selectors.id, 'bigint'),
      ],
      alphabetical: [
        { field: 'exact', sql: sql`${selectors.selector}`, bind: exact.bind },
        orderBy<SelectorRow>('id', selectors.id, 'bigint'),
      ],
      suffix: sql`substring(${selectors.selector}, 41)`,
      columns: {
        key: text(selectors.id),
        id: text(selectors.id),
        selector: text(selectors.selector),
        exact: exact.read,
        lastSeen: text(selectors.lastseen),
      },
    },
    tokens: {
      table: qualified(schemas, tokens),
      name: sql`${tokens}`,
      owner: sql`${tokens.id}::text`,
      link: sql`${tokens.id}`,
      ofKey: (key) => sql`${tokens.id} = ${key}`,
      ofSelector: sql`${tokens.id} = ${selectors.id}`,
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
      owner: sql`${sipcalls.id}::text`,
      link: sql`${sipcalls.id}`,
      ofKey: (key) => sql`${sipcalls.id} = ${key}`,
      ofSelector: sql`${sipcalls.id} = ${selectors.id}`,
      order: byTime(sipcalls.time, sipcalls.rowid),
      columns: {
        rowid: text(sipcalls.rowid),
        ...peerColumns(sipcalls),
        callId: recordedText(sql`coalesce(${sipcalls.callid}, '')`),
        time: text(sipcalls.time),
        missedReasonText: nullableText(sql`NULL::text`),
      },
    },
    messages: {
      table: qualified(schemas, siptextmessages),
      name: sql`${siptextmessages}`,
      owner: sql`${siptextmessages.id}::text`,
      link: sql`${siptextmessages.id}`,
      ofKey: (key) => sql`${siptextmessages.id} = ${key}`,
      ofSelector: sql`${siptextmessages.id} = ${selectors.id}`,
      order: byTime(siptextmessages.time, siptextmessages.rowid),
      columns: {
        rowid: text(siptextmessages.rowid),
        ...peerColumns(siptextmessages),
        messageId: recordedText(sql`coalesce(${siptextmessages.msgid}, '')`),
        contentType: recordedText(sql`coalesce(${siptextmessages.contenttype}, '')`),
        headersBytes: integer(sql`coalesce(octet_length(${siptextmessages.headers}), 0)`),
        bodyBytes: integer(sql`coalesce(octet_length(${siptextmessages.body}), 0)`),
        time: text(siptextmessages.time),
      },
      contents: {
        headers: text(sql`coalesce(${siptextmessages.headers}, '')`),
        body: text(sql`coalesce(${siptextmessages.body}, '')`),
      },
    },
    pushTests: {
      table: qualified(schemas, pushtests),
      name: sql`${pushtests}`,
      owner: sql`${pushtests.id}::text`,
      link: sql`${pushtests.id}`,
      ofKey: (key) => sql`${pushtests.id} = ${key}`,
      ofSelector: sql`${pushtests.id} = ${selectors.id}`,
      order: [
        orderBy<PushTestRow>('startedLocal', pushtests.started, 'timestamp'),
        orderBy<PushTestRow>('rowid', pushTestRowid, 'bigint'),
      ],
      clocksChange: timeZone !== 'UTC',
      concludedLocal: sql`${pushtests.concluded}`,
      localOf: (instant) => localIn(instant, timeZone),
      ofName: (name) =>
        sql`${pushtests.id} = (SELECT "named"."id" FROM ${qualified(schemas, selectors)} AS "named" WHERE "named"."selector" = ${name})`,
      byInstant: byInstant(pushtests.started, pushTestRowid, timeZone),
      columns: {
        rowid: text(pushTestRowid),
        key: text(pushtests.id),
        pushId: text(pushtests.pushid),
        selectorName: nullableText(sql`NULL::text`),
        platform: text(pushtests.platform),
        startedLocal: text(pushtests.started),
        started: text(inZone(pushtests.started, timeZone)),
        concluded: nullableText(inZone(pushtests.concluded, timeZone)),
      },
    },
    settings: {
      table: qualified(schemas, data),
      ofKey: (key) => sql`${data.id} = ${key}`,
      ofSelector: sql`${data.id} = ${selectors.id}`,
      rowid: sql`${data.rowid}`,
      columns: settingColumns(data),
    },
    servers: {
      table: qualified(schemas, restart),
      ofKey: (key) => sql`${restart.id} = ${key}`,
      ofSelector: sql`${restart.id} = ${selectors.id}`,
      isServer: sql`${restart.server} IS NOT NULL`,
      rowid: sql`${restart.rowid}`,
      columns: { rowid: text(restart.rowid), server: recordedText(restart.server) },
    },
  }
}

function peerColumns(table: typeof sipcalls | typeof siptextmessages) {
  return {
    scheme: recordedText(sql`coalesce(${table.scheme}, '')`),
    displayName: recordedText(sql`coalesce(${table.userdisplayname}, '')`),
    username: recordedText(sql`coalesce(${table.username}, '')`),
    domain: recordedText(sql`coalesce(${table.domain}, '')`),
    port: unlessZero(sql`coalesce(${table.domainport}, 0)`),
  }
}
