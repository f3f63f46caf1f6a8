import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { nullableText } from '../versions/columns.ts'
import type { CallRow, MessageRow, OwnedRows, Projection, PushTestRow, TokenRow } from '../versions/projection.ts'
import type { Collection } from './collection.ts'
import { prepareCollection } from './collection.ts'
import type { MessageContentsLoader } from './message-contents.ts'
import { prepareMessageContents } from './message-contents.ts'
import type { OrphanPushTests } from './orphan-push-tests.ts'
import { prepareOrphanPushTests } from './orphan-push-tests.ts'
import type { Pace } from './pace.ts'
import type { Selectors } from './selectors.ts'
import { prepareSelectors } from './selectors.ts'
import type { Settings } from './settings.ts'
import { prepareSettings } from './settings.ts'
import type { Usage } from './usage.ts'

/** The readers of one operation. They cache what they have read, so they are never shared between two operations. */
export interface Loaders {
  readonly projection: Projection
  readonly selectors: Selectors
  readonly tokens: Collection<TokenRow>
  readonly calls: Collection<CallRow>
  readonly messages: Collection<MessageRow>
  readonly messageContents: MessageContentsLoader
  readonly pushTests: Collection<PushTestRow, null>
  readonly orphanPushTests: OrphanPushTests
  readonly settings: Settings
}

export interface LoaderOptions {
  readonly usage: Usage
  /** Whether push tokens are read in clear; otherwise they do not leave the database. */
  readonly readTokens: boolean
  /** Undefined hands all rows out at once. */
  readonly pace?: Pace | undefined
}

export function openLoaders(
  database: Database,
  projection: Projection,
  { usage, readTokens, pace }: LoaderOptions,
): Loaders {
  const prepared = preparedFor(projection)
  return {
    projection,
    selectors: prepared.selectors(database, usage),
    tokens: (readTokens ? prepared.tokens : prepared.withheldTokens)(database, usage, pace),
    calls: prepared.calls(database, usage, pace),
    messages: prepared.messages(database, usage, pace),
    messageContents: prepared.messageContents(database),
    pushTests: prepared.pushTests(database, usage, pace),
    orphanPushTests: prepared.orphanPushTests(database),
    settings: prepared.settings(database),
  }
}

type PreparedLoaders = ReturnType<typeof prepareLoaders>

const known = new WeakMap<Projection, PreparedLoaders>()

/** What the readers of all operations have in common: they are made for a projection once. */
function preparedFor(projection: Projection): PreparedLoaders {
  const prepared = known.get(projection) ?? prepareLoaders(projection)
  known.set(projection, prepared)
  return prepared
}

function prepareLoaders(projection: Projection) {
  const { tokens, calls, messages, pushTests } = projection
  const byRowid = <Row extends { rowid: string }>(rows: OwnedRows<Row>, lane: string) =>
    prepareCollection<Row>(projection, {
      rows,
      identity: { column: rows.columns.rowid, array: sql`bigint[]` },
      orphan: undefined,
      lane,
    })
  return {
    selectors: prepareSelectors(projection),
    tokens: byRowid(tokens, 'calls'),
    withheldTokens: byRowid(withheld(tokens), 'calls'),
    calls: byRowid(calls, 'calls'),
    messages: byRowid(messages, 'messages'),
    messageContents: prepareMessageContents(projection),
    pushTests: prepareCollection<PushTestRow, null>(projection, {
      rows: pushTests,
      identity: { column: pushTests.columns.pushId, array: sql`text[]` },
      orphan: () => null,
      lane: 'messages',
    }),
    orphanPushTests: prepareOrphanPushTests(projection),
    settings: prepareSettings(projection),
  }
}

function withheld(tokens: OwnedRows<TokenRow>): OwnedRows<TokenRow> {
  return { ...tokens, columns: { ...tokens.columns, token: nullableText(sql`NULL::text`) } }
}
