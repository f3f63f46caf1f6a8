import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { nullableText } from '../versions/columns.ts'
import type { CallRow, MessageRow, OwnedRows, Projection, PushTestRow, TokenRow } from '../versions/projection.ts'
import type { Collection } from './collection.ts'
import { openCollection } from './collection.ts'
import type { MessageContentsLoader } from './message-contents.ts'
import { openMessageContents } from './message-contents.ts'
import type { OrphanPushTests } from './orphan-push-tests.ts'
import { openOrphanPushTests } from './orphan-push-tests.ts'
import type { Selectors } from './selectors.ts'
import { openSelectors } from './selectors.ts'
import type { Settings } from './settings.ts'
import { openSettings } from './settings.ts'
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
}

export function openLoaders(database: Database, projection: Projection, { usage, readTokens }: LoaderOptions): Loaders {
  const { calls, messages, pushTests } = projection
  const tokens = readTokens ? projection.tokens : withheld(projection.tokens)
  const byRowid = sql`bigint[]`
  return {
    projection,
    selectors: openSelectors(database, projection, usage),
    tokens: openCollection(database, projection, usage, {
      rows: tokens,
      identity: { column: tokens.columns.rowid, array: byRowid },
      orphan: undefined,
    }),
    calls: openCollection(database, projection, usage, {
      rows: calls,
      identity: { column: calls.columns.rowid, array: byRowid },
      orphan: undefined,
    }),
    messages: openCollection(database, projection, usage, {
      rows: messages,
      identity: { column: messages.columns.rowid, array: byRowid },
      orphan: undefined,
    }),
    messageContents: openMessageContents(database, projection, usage),
    pushTests: openCollection(database, projection, usage, {
      rows: pushTests,
      identity: { column: pushTests.columns.pushId, array: sql`text[]` },
      orphan: () => null,
    }),
    orphanPushTests: openOrphanPushTests(database, projection),
    settings: openSettings(database, projection),
  }
}

function withheld(tokens: OwnedRows<TokenRow>): OwnedRows<TokenRow> {
  return { ...tokens, columns: { ...tokens.columns, token: nullableText(sql`NULL::text`) } }
}
