/**
 * Reads which versions of rows transactions have stored since a mark, for the field `changes`. docs/decisions/changes.md says why it
 * is done so, and what was refuted.
 */
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { Database, Statement, Values } from '../database/database.ts'
import { literal, render } from '../database/database.ts'
import type { OwnedRows, Projection, SelectorRow } from '../sipis/projection.ts'
import { batched, groupedUnlessOne } from './batched.ts'
import { lanes } from './lanes.ts'
import { createStatements } from './statements.ts'

/** Kinds of events, in the order of their numbers in statements. */
export const eventKinds = ['CALL', 'MESSAGE', 'PUSH_TEST'] as const

export type EventKind = (typeof eventKinds)[number]

/** A version of a row. An update makes a new version. */
export interface RowVersion {
  readonly kind: EventKind
  /** What identifies the row within its selector: the rowid, or the push id. */
  readonly key: string
  /** Of its columns, because calls of v1 may share a rowid, and a crash may give its transaction to another version of the row. */
  readonly digest: string
  /** Transaction that has stored the version, in 64 bits. */
  readonly xid: bigint
  /** Where the version is in its table. */
  readonly ctid: string
  /** Key of its selector. */
  readonly owner: string
}

/** What one statement has seen of the database. */
export interface Sight {
  /** Names the cluster, the database and its tables. */
  readonly identity: string
  /** Changes with each promotion. A standby may not know its own yet. */
  readonly timeline: number
  readonly isStandby: boolean
  /** Transactions below it have ended. */
  readonly xmin: bigint
  /** The transaction that is given out next. */
  readonly xmax: bigint
  /** The transaction with which a crash goes on at least. */
  readonly checkpointXid: bigint
  /** Positions in the write-ahead log: the last checkpoint, what is written, and what a crash leaves. The last two are 0 on a standby. */
  readonly checkpoint: bigint
  readonly inserted: bigint
  readonly flushed: bigint
  /** The versions by transactions at or above the mark, the oldest transaction first. */
  readonly versions: readonly RowVersion[]
  /** Whether there are more than were asked for. */
  readonly isCut: boolean
  /** Lists may be read where what is stored by this transaction and later is missing yet. Undefined if there are no standbys. */
  readonly lowestXmin: bigint | undefined
}

/** A mark, below which every transaction counts as seen; null stands for the lowest mark that is safe now. */
export type Mark = bigint | null

export interface ChangesReader {
  ofSelector(owner: SelectorRow, mark: Mark): Promise<Sight>
  ofAll(kinds: readonly EventKind[], mark: Mark): Promise<Sight>
  /** Only versions of rows that are dated to the last ten minutes, which an index finds: an incomplete sight. */
  recent(mark: Mark): Promise<Sight>
  /** How often the operation has gone on to another server, which may be behind the one before. */
  moves(): number
}

/** The most versions of a page, and the most that were delivered above the mark, which a token has to hold. */
export const bounds = {
  ofSelector: { mostVersions: 1_000, mostSeen: 1_500 },
  ofAll: { mostVersions: 10_000, mostSeen: 8_000 },
}
/** The most versions of one statement: one more tells that there are more. */
const limits = {
  ofSelector: bounds.ofSelector.mostVersions + bounds.ofSelector.mostSeen + 1,
  ofAll: bounds.ofAll.mostVersions + bounds.ofAll.mostSeen + 1,
}

/** Prepares statements once per projection; the returned function creates the reader of one operation. */
export function prepareChanges(projection: Projection): (database: Database) => ChangesReader {
  const statements = changesStatements(projection)
  return (database) => {
    const ofSelector = batched<{ owner: SelectorRow; mark: Mark }, Sight>(
      ({ owner, mark }) => JSON.stringify([owner.key, String(mark)]),
      async (asked) => {
        const keys = asked.map(({ owner }) => owner.key)
        const marks = asked.map(({ mark }) => truncated(mark))
        const found = await database.query(statements.ofSelectors(keys, marks))
        const ofEach = groupedUnlessOne(found, asked.length, stateWidth)
        const lowestXmin = await database.lowestXmin?.()
        return ofEach.map((rows) => sightOf(rows, limits.ofSelector, lowestXmin))
      },
    )
    return {
      ofSelector: (owner, mark) => ofSelector({ owner, mark }),
      async ofAll(kinds, mark) {
        const found = await database.query(statements.ofAll(kinds, truncated(mark)))
        return sightOf(found, limits.ofAll, await database.lowestXmin?.())
      },
      async recent(mark) {
        return sightOf(await database.query(statements.recent(truncated(mark))), limits.ofAll, undefined)
      },
      moves: () => database.moves?.() ?? 0,
    }
  }
}

/** The type xid has 32 bits, of which the first three values are special. */
function truncated(mark: Mark): string | null {
  return mark === null ? null : String(Math.max(3, Number(BigInt.asUintN(32, mark))))
}

const stateWidth = 9

function changesStatements(projection: Projection) {
  const lookUps = createStatements(lanes.changes)
  const scans = createStatements()
  const state = stateOf(projection)
  const tables = eventTables(projection)
  const versionsOf = (kinds: readonly EventKind[], ofOwner: (table: EventTable) => SQL) =>
    sql.join(
      kinds.map((kind) => {
        const table = tables[kind]
        return sql`SELECT ${sql.raw(String(eventKinds.indexOf(kind)))} AS kind, (${table.key})::text AS key, ${digestOf(table.columns)} AS digest,
          ${table.name}.ctid::text AS ctid, ${table.owner} AS owner, ${table.name}.xmin::text::bigint AS x
          FROM ${table.table} WHERE ${ofOwner(table)} AND age(${table.name}.xmin) BETWEEN s.newest AND a.oldest`
      }),
      sql` UNION ALL `,
    )
  /** A null mark stands for the lowest that is safe. */
  const select = (
    versions: SQL,
    mark: SQL,
    limit: number,
    asked?: SQL,
  ) => sql`SELECT s.identity, s.timeline, s.standby, s.m, s.n, s.ck,
      s.checkpoint, s.inserted, s.flushed, ${asked === undefined ? sql`1` : sql`k.n`}, r.kind, r.key, r.digest, r.ctid, r.owner, r.d
    FROM ${state} ${asked === undefined ? sql`` : sql`CROSS JOIN ${asked}`}
      CROSS JOIN LATERAL (SELECT age(coalesce(${mark}::xid, ${xid32(sql`s.base`)})) AS oldest OFFSET 0) AS a LEFT JOIN LATERAL (
      SELECT u.kind, u.key, u.digest, u.ctid, u.owner, (s.n - u.x) & 4294967295 AS d FROM (${versions}) AS u
      ORDER BY d DESC, kind, key COLLATE "C" LIMIT ${sql.raw(String(limit))}
    ) AS r ON true ORDER BY r.d DESC, r.kind, r.key COLLATE "C"`

  return {
    ofSelectors(keys: readonly string[], marks: readonly (string | null)[]): Statement {
      const [key, ...more] = keys
      if (more.length === 0) {
        const [mark] = marks
        return lookUps('of one', [], { key, mark }, () => {
          const own = versionsOf(eventKinds, ({ ofKey }) => ofKey(sql`${sql.placeholder('key')}`))
          return select(own, sql`${sql.placeholder('mark')}::text`, limits.ofSelector)
        })
      }
      return lookUps('of each', [], { keys, marks }, () => {
        const own = versionsOf(eventKinds, ({ ofKey }) => ofKey(sql`k.key`))
        const asked = sql`unnest(${sql.placeholder('keys')}::${projection.keyArray}, ${sql.placeholder('marks')}::text[])
          WITH ORDINALITY AS k(key, mark, n)`
        return select(own, sql`k.mark`, limits.ofSelector, asked)
      })
    },
    ofAll(kinds: readonly EventKind[], mark: string | null): Statement {
      return scans(`of all ${kinds.join()}`, [], { mark }, () => {
        const all = versionsOf(kinds, () => sql`true`)
        return select(all, sql`${sql.placeholder('mark')}::text`, limits.ofAll)
      })
    },
    recent(mark: string | null): Statement {
      return scans('recent', [], { mark }, () => {
        const ofMinutes = versionsOf(eventKinds, ({ recent }) => recent)
        return select(ofMinutes, sql`${sql.placeholder('mark')}::text`, limits.ofAll)
      })
    },
  }
}

/** Where the events of a kind are. */
interface EventTable extends Pick<OwnedRows<never>, 'name' | 'table' | 'owner' | 'ofKey'> {
  readonly key: SQL
  readonly recent: SQL
  readonly columns: AnyColumns
}

type AnyColumns = Readonly<Record<string, { readonly sql: SQL }>>

/** A hash of what is served of a row, of contents of messages only their lengths. */
export function digestOf(columns: AnyColumns): SQL {
  const texts = Object.values(columns).map((column) => sql`(${column.sql})::text`)
  return sql`hashtextextended(concat_ws(',', ${sql.join(texts, sql`, `)}) COLLATE "C", 0)::text`
}

function eventTables({ calls, messages, pushTests }: Projection): Readonly<Record<EventKind, EventTable>> {
  const tenMinutesAgo = sql`now() - interval '10 minutes'`
  // Push tests are stored without a zone.
  const aDayAgo = sql`(now() AT TIME ZONE 'UTC') - interval '1 day'`
  return {
    CALL: {
      ...calls,
      key: calls.columns.rowid.sql,
      recent: sql`${calls.columns.time.sql} >= ${tenMinutesAgo}`,
    },
    MESSAGE: {
      ...messages,
      key: messages.columns.rowid.sql,
      recent: sql`${messages.columns.time.sql} >= ${tenMinutesAgo}`,
    },
    PUSH_TEST: {
      ...pushTests,
      key: pushTests.columns.pushId.sql,
      recent: sql`${pushTests.columns.startedLocal.sql} >= ${aDayAgo}`,
    },
  }
}

/** The lower half of a transaction's 64 bits. */
function xid32(xid: SQL): SQL {
  return sql`((${xid} & 4294967295)::text)::xid`
}

/**
 * The state of the server, from the snapshot of the statement. `base` is the lowest mark that is safe. `newest` is the age of the
 * transaction after all that are visible: below zero in a later statement of a batch, because age() counts from the first one. The
 * functions of a primary fail on a standby, and the other way round.
 */
function stateOf(projection: Projection): SQL {
  const tables = Object.values(eventTables(projection)).map(({ table }) =>
    sql.raw(`${literal(render(table).text)}::regclass::oid`),
  )
  return sql`(
    SELECT concat_ws(' ', c.system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()),
        ${sql.join(tables, sql`, `)}) AS identity,
      CASE WHEN o.standby THEN greatest(c.timeline_id, (SELECT min_recovery_end_timeline FROM pg_control_recovery()))
        ELSE ('x' || substr(pg_walfile_name(o.inserted), 1, 8))::bit(32)::int END AS timeline,
      o.standby, o.m, o.n, c.ck, CASE WHEN o.standby THEN o.m ELSE least(o.m, c.ck) END AS base, age(${xid32(sql`o.n`)}) AS newest,
      pg_wal_lsn_diff(c.checkpoint, '0/0') AS checkpoint, coalesce(pg_wal_lsn_diff(o.inserted, '0/0'), 0) AS inserted,
      coalesce(pg_wal_lsn_diff(CASE WHEN NOT o.standby THEN pg_current_wal_flush_lsn() END, '0/0'), 0) AS flushed
    FROM (SELECT txid_snapshot_xmin(taken) AS m, txid_snapshot_xmax(taken) AS n, pg_is_in_recovery() AS standby,
        CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn() END AS inserted
      FROM txid_current_snapshot() AS taken OFFSET 0) AS o,
      (SELECT system_identifier, timeline_id, checkpoint_lsn AS checkpoint,
        split_part(next_xid, ':', 1)::bigint * 4294967296 + split_part(next_xid, ':', 2)::bigint AS ck
      FROM pg_control_checkpoint(), pg_control_system() OFFSET 0) AS c
    OFFSET 0) AS s`
}

function sightOf(rows: readonly Values[], limit: number, lowestXmin: bigint | undefined): Sight {
  const [first] = rows
  if (first === undefined) throw new Error('The state of the server is missing.')
  const [identity, timeline, standby, xmin, xmax, checkpointXid, checkpoint, inserted, flushed] = [...first].map(
    (value) => value ?? '0',
  )
  const next = BigInt(xmax ?? 0)
  const versions = rows.flatMap((row) => versionOf([...row].slice(stateWidth + 1), next) ?? [])
  return {
    identity: String(identity),
    timeline: Number(timeline),
    isStandby: standby === 't',
    xmin: BigInt(xmin ?? 0),
    xmax: next,
    checkpointXid: BigInt(checkpointXid ?? 0),
    checkpoint: BigInt(checkpoint ?? 0),
    inserted: BigInt(inserted ?? 0),
    flushed: BigInt(flushed ?? 0),
    versions,
    isCut: versions.length === limit,
    lowestXmin,
  }
}

/** A transaction that is seen is below xmax, so its distance of 32 bits gives all 64. Undefined where there is no version. */
function versionOf([kind, key, digest, ctid, owner, distance]: Values, xmax: bigint): RowVersion | undefined {
  const name = kind == null ? undefined : eventKinds[Number(kind)]
  if (name === undefined || key == null || digest == null || ctid == null || distance == null) return undefined
  return { kind: name, key, digest, ctid, owner: owner ?? '', xid: xmax - BigInt(distance) }
}
