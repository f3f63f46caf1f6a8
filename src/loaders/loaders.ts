import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { nullableText } from '../sipis/columns.ts'
import type { CallRow, MessageRow, OwnedRows, Projection, PushTestRow, TokenRow } from '../sipis/projection.ts'
import type { ChangesReader } from './changes.ts'
import { prepareChanges } from './changes.ts'
import type { Collection } from './collection.ts'
import { prepareCollection } from './collection.ts'
import type { Installations } from './installations.ts'
import { prepareInstallations } from './installations.ts'
import type { Lane } from './lanes.ts'
import { lanes } from './lanes.ts'
import { lazily } from './lazily.ts'
import type { MessageContentsLoader } from './message-contents.ts'
import { prepareMessageContents } from './message-contents.ts'
import type { OrphanPushTests } from './orphan-push-tests.ts'
import { prepareOrphanPushTests } from './orphan-push-tests.ts'
import type { Pace } from './pace.ts'
import type { PushHealthLoader } from './push-health.ts'
import { preparePushHealth } from './push-health.ts'
import type { RowVersions } from './row-versions.ts'
import { prepareRowVersions } from './row-versions.ts'
import type { Selectors } from './selectors.ts'
import { prepareSelectors } from './selectors.ts'
import type { Servers } from './servers.ts'
import { prepareServers } from './servers.ts'
import type { Settings } from './settings.ts'
import { prepareSettings } from './settings.ts'
import type { CallCountsLoader } from './statistics/call-counts-of.ts'
import { prepareCallCountsOf } from './statistics/call-counts-of.ts'
import type { Timeline } from './timeline.ts'
import { prepareTimeline } from './timeline.ts'
import type { Usage } from './usage.ts'

/** Loaders of one operation. They cache results, so they must not be shared between operations. */
export interface Loaders {
  readonly projection: Projection
  readonly selectors: Selectors
  readonly tokens: Collection<TokenRow>
  readonly calls: Collection<CallRow>
  readonly messages: Collection<MessageRow>
  readonly messageContents: MessageContentsLoader
  readonly pushTests: Collection<PushTestRow, null>
  readonly orphanPushTests: OrphanPushTests
  readonly timeline: Timeline
  readonly settings: Settings
  readonly pushHealth: PushHealthLoader
  readonly callCounts: CallCountsLoader
  readonly installations: Installations
  readonly servers: Servers
  readonly changes: ChangesReader
  readonly rowVersions: RowVersions
}

export interface LoaderOptions {
  readonly usage: Usage
  /** Whether to read push tokens in clear. If false, statements select NULL instead. */
  readonly readTokens: boolean
  /** Undefined returns all rows without yielding to the event loop. */
  readonly pace?: Pace | undefined
}

export function createLoaders(database: Database, projection: Projection, options: LoaderOptions): Loaders {
  return loadersOf({ ...options, database, projection, prepared: preparedFor(projection) })
}

interface Needed extends LoaderOptions {
  readonly database: Database
  readonly projection: Projection
  readonly prepared: PreparedLoaders
}

const loadersOf = lazily<Loaders, Needed>({
  projection: ({ projection }) => projection,
  selectors: ({ prepared, database, usage }) => prepared.selectors(database, usage),
  tokens: ({ prepared, database, usage, pace, readTokens }) =>
    (readTokens ? prepared.tokens : prepared.withheldTokens)(database, usage, pace),
  calls: ({ prepared, database, usage, pace }) => prepared.calls(database, usage, pace),
  messages: ({ prepared, database, usage, pace }) => prepared.messages(database, usage, pace),
  messageContents: ({ prepared, database }) => prepared.messageContents(database),
  pushTests: ({ prepared, database, usage, pace }) => prepared.pushTests(database, usage, pace),
  orphanPushTests: ({ prepared, database }) => prepared.orphanPushTests(database),
  timeline: ({ prepared, database, pace }) => prepared.timeline(database, pace),
  settings: ({ prepared, database }) => prepared.settings(database),
  pushHealth: ({ prepared, database }) => prepared.pushHealth(database),
  callCounts: ({ prepared, database }) => prepared.callCounts(database),
  installations: ({ prepared, database, usage }) => prepared.installations(database, usage),
  servers: ({ prepared, database }) => prepared.servers(database),
  changes: ({ prepared, database }) => prepared.changes(database),
  rowVersions: ({ prepared, database, usage }) => prepared.rowVersions(database, usage),
})

type PreparedLoaders = ReturnType<typeof prepareLoaders>

const known = new WeakMap<Projection, PreparedLoaders>()

/** Returns the prepared loaders of a projection, which all operations share. */
function preparedFor(projection: Projection): PreparedLoaders {
  let prepared = known.get(projection)
  if (prepared === undefined) {
    prepared = prepareLoaders(projection)
    known.set(projection, prepared)
  }
  return prepared
}

function prepareLoaders(projection: Projection) {
  const { tokens, calls, messages, pushTests } = projection
  const byRowid = <Row extends { rowid: string }>(rows: OwnedRows<Row>, lane: Lane) =>
    prepareCollection<Row>(projection, {
      rows,
      identity: { column: rows.columns.rowid, array: sql`bigint[]` },
      orphan: undefined,
      lane,
    })
  return {
    selectors: prepareSelectors(projection),
    tokens: byRowid(tokens, lanes.calls),
    withheldTokens: byRowid(withheld(tokens), lanes.calls),
    calls: byRowid(calls, lanes.calls),
    messages: byRowid(messages, lanes.messages),
    messageContents: prepareMessageContents(projection),
    pushTests: prepareCollection<PushTestRow, null>(projection, {
      rows: pushTests,
      identity: { column: pushTests.columns.pushId, array: sql`text[]` },
      orphan: () => null,
      lane: lanes.messages,
    }),
    orphanPushTests: prepareOrphanPushTests(projection),
    timeline: prepareTimeline(projection),
    settings: prepareSettings(projection),
    pushHealth: preparePushHealth(projection),
    callCounts: prepareCallCountsOf(projection),
    installations: prepareInstallations(projection),
    servers: prepareServers(projection),
    changes: prepareChanges(projection),
    rowVersions: prepareRowVersions(projection),
  }
}

function withheld(tokens: OwnedRows<TokenRow>): OwnedRows<TokenRow> {
  return { ...tokens, columns: { ...tokens.columns, token: nullableText(sql`NULL::text`) } }
}
