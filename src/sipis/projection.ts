/**
 * The seam between the two schemas. The projection of a version has, for each kind of row, the table to read and SQL expressions
 * for the same columns. Readers are written once, over a projection; only `sipis/` knows that there are two schemas.
 *
 * The versions differ in what links a row to its selector, the *key*: in v1 the integer selectors.id, in v2 the selector
 * string itself. A key is opaque outside `sipis/`.
 */
import type { SQL } from 'drizzle-orm'
import type { Value } from '../database/database.ts'
import type { SchemaVersion } from './schema-version.ts'
import type { Schemas } from './schemas.ts'
import type { UniqueKeys } from './unique-keys.ts'

/** An expression, and how its text is parsed. */
export interface Column<T> {
  readonly sql: SQL
  /** Whether a null violates SIPIS's schema. */
  readonly required?: true
  readonly parse: (text: Value) => T
  /** Set if `parse` gives the text as it is, or its number, apart from a text that stands for null. */
  readonly plain?: { readonly unless?: '' | '0' }
}

export type Columns<Row> = { readonly [Name in keyof Row]-?: Column<Row[Name]> }

/** One element of a total order: rows are sorted by `sql`, a cursor keeps the row's `field`, `bind` makes it comparable. */
export interface OrderColumn<Row> {
  readonly field: keyof Row & string
  readonly sql: SQL
  readonly bind: (value: SQL) => SQL
}

export interface Rows<Row> {
  /** Qualified by its schema. Columns are qualified by the name of the table only. */
  readonly table: SQL
  /** Matches the rows of the selector with this key. */
  readonly ofKey: (key: SQL) => SQL
  /** Total order, oldest first; newest first is its reverse. The last element breaks ties. */
  readonly order: readonly OrderColumn<Row>[]
  readonly columns: Columns<Row>
}

/** Rows that belong to a selector. */
export interface OwnedRows<Row> extends Rows<Row> {
  /** Joins a row to its selector. */
  readonly ofSelector: SQL
  /** Name of the table as the qualifier of its columns. */
  readonly name: SQL
  /** Key of the selector that the row belongs to, as text. */
  readonly owner: SQL
  /** The same as it is stored, to compare with that of other tables. */
  readonly link: SQL
}

export interface SelectorRow {
  readonly key: string
  /** selectors.id; breaks ties of lastSeen. */
  readonly id: string
  readonly selector: string
  /** The selector in a form that preserves undecodable bytes; only for comparisons. */
  readonly exact: string
  readonly lastSeen: string
}

export interface TokenRow {
  readonly rowid: string
  /** A secret: null if this operation does not read it. */
  readonly token: string | null
  /** The first 16 hexadecimal digits of the token's SHA-256. */
  readonly fingerprint: string
  readonly appId: string
  readonly lastSeen: string | null
}

/** The caller or sender. Parts that SIPIS did not record are null. */
export interface PeerColumns {
  readonly scheme: string | null
  readonly displayName: string | null
  readonly username: string | null
  readonly domain: string | null
  readonly port: number | null
}

/** Why a call did not reach the user; UNKNOWN for any value that is not listed here. */
export type MissedReason = 'MISSED' | 'ANSWERED_ELSEWHERE' | 'REJECTED_BY_DND' | 'UNKNOWN'

export interface CallRow extends PeerColumns {
  readonly rowid: string
  readonly callId: string | null
  readonly time: string
  /** The reason in SIPIS's own words; null if the database does not record it. */
  readonly missedReasonText: string | null
}

export interface MessageRow extends PeerColumns {
  readonly rowid: string
  readonly messageId: string | null
  readonly contentType: string | null
  /** The lengths of the two contents, which may be megabytes and are read only if they are selected. */
  readonly headersBytes: number
  readonly bodyBytes: number
  readonly time: string
}

export interface MessageContents {
  readonly headers: string
  readonly body: string
}

/** A setting of a selector's SIP account. */
export interface SettingRow {
  readonly name: string
  readonly value: string | null
}

export interface PushTestRow {
  /** Orders push tests of one instant: the rowid, or a hash in v1, which has none. */
  readonly rowid: string
  readonly key: string
  readonly pushId: string
  /** As stored, also if the selector has been deleted; null in v1, which stores its id. */
  readonly selectorName: string | null
  readonly platform: string
  /** As stored, without a zone; only for ordering. */
  readonly startedLocal: string
  readonly started: string
  readonly concluded: string | null
}

export interface MessageRows extends OwnedRows<MessageRow> {
  readonly contents: Columns<MessageContents>
}

export interface TokenRows extends OwnedRows<TokenRow> {
  /** SHA-256 of the token, in hexadecimal digits. */
  readonly sha256: SQL
}

export interface PushTestRows extends OwnedRows<PushTestRow> {
  /** Total order of the instants: in a zone with summer time the times as stored have another. */
  readonly byInstant: readonly OrderColumn<PushTestRow>[]
  /** Whether clocks are put back and forth in the zone of the stored times. */
  readonly clocksChange: boolean
  /** As stored, without a zone. */
  readonly concludedLocal: SQL
  /** An instant as the stored times have it, without a zone. Where clocks are put back, two instants have the same. */
  readonly localOf: (instant: SQL) => SQL
  /** Matches the push tests of the selector with this name, in v2 also of a deleted one. */
  readonly ofName: (name: SQL) => SQL
}

export interface SettingRows {
  readonly table: SQL
  readonly ofKey: (key: SQL) => SQL
  readonly ofSelector: SQL
  /** Names are not unique: the entry with the largest rowid is the newest. */
  readonly rowid: SQL
  readonly columns: Columns<SettingRow>
}

/** What `restart` says of the SIPIS process that runs an instance. The rest of the table holds secrets. */
export interface ServerRow {
  readonly rowid: string
  readonly server: string | null
}

/** Entries that name a server; the one with the largest rowid is the newest. The table may be missing or unreadable. */
export interface ServerRows {
  readonly table: SQL
  readonly ofKey: (key: SQL) => SQL
  readonly ofSelector: SQL
  readonly isServer: SQL
  readonly rowid: SQL
  readonly columns: Columns<ServerRow>
}

export interface SelectorRows extends Rows<SelectorRow> {
  /** Excludes rows that are not served: null selectors in v1, older duplicates in v2. */
  readonly exists: SQL
  /** Sorted by the selector string. */
  readonly alphabetical: readonly OrderColumn<SelectorRow>[]
  /** The part after the 40 hexadecimal digits, as in the expression of SIPIS's own index. */
  readonly suffix: SQL
}

export interface Projection {
  readonly version: SchemaVersion
  /** The SQL type of a list of keys. */
  readonly keyArray: SQL
  readonly selectors: SelectorRows
  readonly tokens: TokenRows
  readonly calls: OwnedRows<CallRow>
  readonly messages: MessageRows
  readonly pushTests: PushTestRows
  readonly settings: SettingRows
  readonly servers: ServerRows
}

/** Properties of the database that a projection depends on, in addition to its version. */
export interface ProjectionOptions {
  /** server_encoding of the database. */
  readonly encoding: string
  /** IANA name of the time zone of pushtests.started and concluded, which are stored without one. */
  readonly timeZone: string
  readonly schemas: Schemas
  readonly keys: UniqueKeys
}
