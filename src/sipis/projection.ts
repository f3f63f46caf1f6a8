/**
 * The seam between the two schemas. A version offers, for each kind of row, the table to read and SQL expressions for the
 * same columns, whatever the version calls them. Readers are written once, over these; nothing outside `versions/` knows
 * that there are two schemas.
 *
 * The versions differ in what links a row to its selector, the *key*: in v1 the integer selectors.id, in v2 the selector
 * string itself. A key is opaque to everyone else.
 */
import type { SQL } from 'drizzle-orm'
import type { Value } from '../database/database.ts'
import type { SchemaVersion } from './schema-version.ts'
import type { Schemas } from './schemas.ts'
import type { UniqueKeys } from './unique-keys.ts'

/** An expression, and how the text that it gives becomes a value. */
export interface Column<T> {
  readonly sql: SQL
  /** Whether null breaks a promise of the schema. */
  readonly required?: true
  readonly parse: (text: Value) => T
}

export type Columns<Row> = { readonly [Name in keyof Row]-?: Column<Row[Name]> }

/** One element of a total order: rows are sorted by `sql`, a cursor keeps the row's `field`, `bind` makes it comparable. */
export interface OrderColumn<Row> {
  readonly field: keyof Row & string
  readonly sql: SQL
  readonly bind: (value: SQL) => SQL
}

export interface Rows<Row> {
  /** With its schema; columns are known by the table's name alone. */
  readonly table: SQL
  /** Matches the rows of the selector with this key. */
  readonly ofKey: (key: SQL) => SQL
  /** Newest-first and oldest-first are this order read backwards and forwards; its last element settles ties. */
  readonly order: readonly OrderColumn<Row>[]
  readonly columns: Columns<Row>
}

/** Rows that belong to a selector. */
export interface OwnedRows<Row> extends Rows<Row> {
  /** Joins a row to its selector. */
  readonly ofSelector: SQL
}

export interface SelectorRow {
  readonly key: string
  /** selectors.id; settles the order of selectors that were seen at the same time. */
  readonly id: string
  readonly selector: string
  /** The selector in a form that survives undecodable bytes; only for comparing. */
  readonly exact: string
  readonly lastSeen: string
}

export interface TokenRow {
  readonly rowid: string
  /** A secret: null where it is not read for this operation. */
  readonly token: string | null
  /** The first 16 hexadecimal digits of the token's SHA-256. */
  readonly fingerprint: string
  readonly appId: string
  readonly lastSeen: string | null
}

/** Who called or wrote. Unknown parts are empty, an unknown port is null. */
export interface PeerColumns {
  readonly scheme: string
  readonly displayName: string
  readonly username: string
  readonly domain: string
  readonly port: number | null
}

/** Why a call did not reach the user; UNKNOWN stands for every word of SIPIS's that is not known here. */
export type MissedReason = 'MISSED' | 'ANSWERED_ELSEWHERE' | 'REJECTED_BY_DND' | 'UNKNOWN'

export interface CallRow extends PeerColumns {
  readonly rowid: string
  readonly callId: string
  readonly time: string
  /** Null where the database records none. */
  readonly missedReason: MissedReason | null
}

export interface MessageRow extends PeerColumns {
  readonly rowid: string
  readonly messageId: string
  readonly contentType: string
  /** The lengths of the two contents, which may be megabytes and are read only when asked for. */
  readonly headersBytes: number
  readonly bodyBytes: number
  readonly time: string
}

export interface MessageContents {
  readonly headers: string
  readonly body: string
}

/** A name and value of a selector's SIP account. */
export interface SettingRow {
  readonly name: string
  readonly value: string | null
}

export interface PushTestRow {
  /** A number that tells push tests of one instant apart: the rowid, or a hash where there is none. */
  readonly rowid: string
  readonly key: string
  readonly pushId: string
  readonly platform: string
  /** As stored, without a zone; only for ordering. */
  readonly startedLocal: string
  readonly started: string
  readonly concluded: string | null
}

export interface MessageRows extends OwnedRows<MessageRow> {
  readonly contents: Columns<MessageContents>
}

export interface SettingRows {
  readonly table: SQL
  readonly ofKey: (key: SQL) => SQL
  /** Names are not unique: of entries of one name the one with the largest rowid is the newest. */
  readonly rowid: SQL
  readonly columns: Columns<SettingRow>
}

export interface SelectorRows extends Rows<SelectorRow> {
  /** Matches rows that are selectors: in v1 the column may be null, in v2 a selector may be there twice. */
  readonly exists: SQL
  /** Sorted by the selector string. */
  readonly alphabetical: readonly OrderColumn<SelectorRow>[]
  /** The part behind the 40 hexadecimal digits, in the form that SIPIS's own index has. */
  readonly suffix: SQL
}

export interface Projection {
  readonly version: SchemaVersion
  /** The SQL type of a list of keys. */
  readonly keyArray: SQL
  readonly selectors: SelectorRows
  readonly tokens: OwnedRows<TokenRow>
  readonly calls: OwnedRows<CallRow>
  readonly messages: MessageRows
  readonly pushTests: OwnedRows<PushTestRow>
  readonly settings: SettingRows
}

/** What a projection depends on beside the version. */
export interface Reading {
  /** server_encoding of the database. */
  readonly encoding: string
  /** The zone of pushtests.started and concluded, which have none: an IANA name. */
  readonly timeZone: string
  readonly schemas: Schemas
  readonly keys: UniqueKeys
}
