import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { isNull } from '../database/wire/wire-row.ts'
import { decoder, selectList, width } from '../sipis/columns.ts'
import type { CallRow, MessageRow, OwnedRows, Projection, PushTestRow } from '../sipis/projection.ts'
import { batched, eachAlone } from './batched.ts'
import type { EventKind, RowVersion } from './changes.ts'
import { digestOf } from './changes.ts'
import type { Owned } from './collection.ts'
import { lanes } from './lanes.ts'
import { selectorDecoder } from './selector-decoder.ts'
import { createStatements } from './statements.ts'
import type { Usage } from './usage.ts'

/** A row of any kind of event. Push tests outlive their selector. */
export type EventRow = Owned<CallRow> | Owned<MessageRow> | Owned<PushTestRow, null>

/**
 * Loads versions of rows. Undefined if the version is no longer in its place: the row was deleted, changed, or moved, as by VACUUM
 * FULL. Null if it has no selector.
 */
export interface RowVersions {
  load(version: RowVersion): Promise<EventRow | null | undefined>
}

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareRowVersions(projection: Projection): (database: Database, usage: Usage) => RowVersions {
  const prepared = {
    CALL: prepareKind<CallRow>(projection, projection.calls, undefined),
    MESSAGE: prepareKind<MessageRow>(projection, projection.messages, undefined),
    PUSH_TEST: prepareKind<PushTestRow, null>(projection, projection.pushTests, () => null),
  }
  return (database, usage) => {
    const loaders: Readonly<Record<EventKind, RowVersions['load']>> = {
      CALL: prepared.CALL(database, usage),
      MESSAGE: prepared.MESSAGE(database, usage),
      PUSH_TEST: prepared.PUSH_TEST(database, usage),
    }
    return { load: (version) => loaders[version.kind](version) }
  }
}

/** A place is used anew after a vacuum, also by rows of the same transaction, so that and the columns are compared, too. */
function prepareKind<Row, Orphan extends null = never>(
  projection: Projection,
  rows: OwnedRows<Row>,
  orphan: (() => Orphan) | undefined,
) {
  const { selectors } = projection
  const decode = decoder(rows.columns)
  const decodeSelector = selectorDecoder(projection)
  const ownerAt = width(rows.columns)
  const placeAt = ownerAt + width(selectors.columns)
  const lookUps = createStatements(lanes.changes)
  const statementOf = (places: readonly string[]) =>
    lookUps('versions', [], { places }, () => {
      return sql`SELECT ${selectList(rows.columns)}, ${selectList(selectors.columns)}, ${rows.name}.ctid::text,
          ${rows.name}.xmin::text, ${digestOf(rows.columns)}
        FROM ${rows.table} LEFT JOIN ${selectors.table} ON ${rows.ofSelector} AND ${selectors.exists}
        WHERE ${rows.name}.ctid = ANY(${sql.placeholder('places')}::text[]::tid[])`
    })

  return (database: Database, usage: Usage) =>
    batched<RowVersion, Owned<Row, Orphan> | null | undefined>(nameOf, async (versions) => {
      const found = await database.query(statementOf(versions.map(({ ctid }) => ctid)))
      const byName = new Map(found.map((values) => [[...values].slice(placeAt).join(' '), values]))
      return eachAlone(versions, (version) => {
        const values = byName.get(nameOf(version))
        if (values === undefined) return undefined
        if (!isNull(values, ownerAt)) return decode(values, 0, decodeSelector(values, ownerAt, usage))
        return orphan === undefined ? null : decode(values, 0, orphan())
      })
    })
}

function nameOf({ ctid, xid, digest }: RowVersion): string {
  return `${ctid} ${BigInt.asUintN(32, xid)} ${digest}`
}
