import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { CallRow, MessageRow, Projection, PushTestRow, TokenRow } from '../versions/projection.ts'
import type { Collection } from './collection.ts'
import { openCollection } from './collection.ts'
import type { OrphanPushTests } from './orphan-push-tests.ts'
import { openOrphanPushTests } from './orphan-push-tests.ts'
import type { Selectors } from './selectors.ts'
import { openSelectors } from './selectors.ts'

/** The readers of one operation. They cache what they have read, so they are never shared between two operations. */
export interface Loaders {
  readonly projection: Projection
  readonly selectors: Selectors
  readonly tokens: Collection<TokenRow>
  readonly calls: Collection<CallRow>
  readonly messages: Collection<MessageRow>
  readonly pushTests: Collection<PushTestRow, null>
  readonly orphanPushTests: OrphanPushTests
}

export function openLoaders(database: Database, projection: Projection): Loaders {
  const { tokens, calls, messages, pushTests } = projection
  const byRowid = sql`bigint[]`
  return {
    projection,
    selectors: openSelectors(database, projection),
    tokens: openCollection(database, projection, {
      rows: tokens,
      identity: { column: tokens.columns.rowid, array: byRowid },
      orphan: undefined,
    }),
    calls: openCollection(database, projection, {
      rows: calls,
      identity: { column: calls.columns.rowid, array: byRowid },
      orphan: undefined,
    }),
    messages: openCollection(database, projection, {
      rows: messages,
      identity: { column: messages.columns.rowid, array: byRowid },
      orphan: undefined,
    }),
    pushTests: openCollection(database, projection, {
      rows: pushTests,
      identity: { column: pushTests.columns.pushId, array: sql`text[]` },
      orphan: () => null,
    }),
    orphanPushTests: openOrphanPushTests(database, projection),
  }
}
