/** The rows of events, each with a stamp: a text that no other version of a row has. */
import { encodeNodeId } from '../../src/graph/node-id.ts'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { selectorNamed } from '../support/rows.ts'
import type { Session } from './session.ts'

export const kinds = ['CALL', 'MESSAGE', 'PUSH_TEST'] as const

export type Kind = (typeof kinds)[number]

interface Table {
  readonly name: string
  readonly key: 'rowid' | 'pushid'
  readonly stamp: string
  readonly time: string
  /** Columns that v2 wants, with their values. */
  readonly required: Readonly<Record<string, string>>
  /** Columns that both versions want, with expressions of `n`, the number of the row, and the stamp. */
  readonly more: Readonly<Record<string, (stamp: string) => string>>
}

const peer = { scheme: `''`, userdisplayname: `''`, username: `''`, domain: `''`, domainport: '0' }

export const tables: Readonly<Record<Kind, Table>> = {
  CALL: {
    name: 'sipcalls',
    key: 'rowid',
    stamp: 'callid',
    time: 'time',
    required: { ...peer, missedreason: `''` },
    more: {},
  },
  MESSAGE: {
    name: 'siptextmessages',
    key: 'rowid',
    stamp: 'msgid',
    time: 'time',
    required: { ...peer, contenttype: `''`, headers: `''`, body: `''` },
    more: {},
  },
  PUSH_TEST: {
    name: 'pushtests',
    key: 'pushid',
    stamp: 'platform',
    time: 'started',
    required: {},
    more: { pushid: (stamp) => `'${stamp}.' || n` },
  },
}

/** The column that links a row to its selector, and the value of a selector. */
function link(version: SchemaVersion, number: number): { column: string; value: string } {
  return version === 'V1'
    ? { column: 'id', value: `${number}` }
    : { column: 'selector', value: `'${selectorNamed(number)}'` }
}

export interface Insert {
  readonly kind: Kind
  readonly selector: number
  readonly stamp: string
  readonly rows: number
  /** An SQL expression. */
  readonly time: string
}

/** Inserts rows whose stamps are `stamp.1`, `stamp.2` and so on; returns their keys. */
export function insertion(version: SchemaVersion, { kind, selector, stamp, rows, time }: Insert): string {
  const table = tables[kind]
  const { column, value } = link(version, selector)
  const more = Object.fromEntries(Object.entries(table.more).map(([name, of]) => [name, of(stamp)]))
  const cells: Record<string, string> = {
    [column]: value,
    [table.time]: time,
    [table.stamp]: `'${stamp}.' || n`,
    ...more,
    ...(version === 'V1' ? {} : table.required),
  }
  return `INSERT INTO ${table.name} (${Object.keys(cells).join(', ')})
    SELECT ${Object.values(cells).join(', ')} FROM generate_series(1, ${rows}) AS n RETURNING ${table.key}::text`
}

/** What a list of events holds: the stamp of each row by its id in the API. */
export type Held = Map<string, string>

/** Reads what a selector has now. */
export async function contentsOf(session: Session, version: SchemaVersion, number: number): Promise<Held> {
  const { column, value } = link(version, number)
  const parts = kinds.map((kind) => {
    const { name, key, stamp } = tables[kind]
    return `SELECT '${kind}', ${key}::text, ${stamp}::text FROM ${name} WHERE ${column} = ${value}`
  })
  const rows = await session.query(parts.join(' UNION ALL '))
  return new Map(rows.map(([kind, key, stamp]) => [idOf(kind ?? '', key ?? '', number), stamp ?? '']))
}

export interface Stored {
  readonly stamp: string
  readonly xid: bigint
}

/** The stamp and the transaction of each row, by its id in the API. */
export async function xidsOf(session: Session, version: SchemaVersion, number: number): Promise<Map<string, Stored>> {
  const { column, value } = link(version, number)
  const parts = kinds.map((kind) => {
    const { name, key, stamp } = tables[kind]
    return `SELECT '${kind}', ${key}::text, ${stamp}::text, xmin::text FROM ${name} WHERE ${column} = ${value}`
  })
  const rows = await session.query(parts.join(' UNION ALL '))
  return new Map(
    rows.map(([kind, key, stamp, xid]) => [
      idOf(kind ?? '', key ?? '', number),
      { stamp: stamp ?? '', xid: BigInt(xid ?? 0) },
    ]),
  )
}

function idOf(kind: string, key: string, number: number): string {
  const selector = selectorNamed(number)
  if (kind === 'PUSH_TEST') return encodeNodeId('PushTest', JSON.stringify([selector, key]))
  return encodeNodeId(kind === 'CALL' ? 'Call' : 'Message', `${key}:${selector}`)
}
