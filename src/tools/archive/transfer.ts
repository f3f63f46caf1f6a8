/** Writes rows of the source into the archive. */

import { sql } from 'drizzle-orm'
import type { Value } from '../../database/database.ts'
import { literal } from '../../database/database.ts'
import type { EventKind } from '../../loaders/changes.ts'
import { exactText } from '../../sipis/columns.ts'
import type { Detected } from '../../sipis/detect.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import { factsOf } from '../copy/databases/catalogue.ts'
import type { Conversion } from '../copy/plan/conversion.ts'
import { converted } from '../copy/plan/conversion.ts'
import { plain } from '../copy/plan/plan.ts'
import { reasonOf } from '../copy/plan/statements.ts'
import type { ArchiveOptions } from './options.ts'
import type { ArchivedTable, KeptTable } from './plan.ts'
import { archivePlan, keptTables } from './plan.ts'
import type { Session } from './session.ts'
import type { Target } from './target.ts'
import { withoutBad } from './without-bad.ts'

/** What was done to rows. */
export interface Tally {
  written: number
  rejected: number
}

export interface Transfer {
  /**
   * Writes the rows at these places. Both sessions are in transactions.
   *
   * @param places ctids in the source
   * @param before a transaction of the archive: rows that it or a later one has written are newer; undefined to replace all
   */
  store(source: Session, kind: EventKind, places: readonly string[], tally: Tally, before?: string): Promise<void>
}

/** What a statement, and the memory, holds. */
const most = { rows: 2_000, bytes: 8_388_608 }

export interface TransferOptions extends Pick<ArchiveOptions, 'invalidBytes' | 'keepDays'> {
  readonly say: (line: string) => void
}

export async function prepareTransfer(
  detected: Detected,
  target: Target,
  { invalidBytes, keepDays, say }: TransferOptions,
): Promise<Transfer> {
  const { session, schemas } = target
  const conversion = { sourceEncoding: detected.encoding, targetEncoding: session.encoding, invalidBytes }
  const prepared = new Map<EventKind, Prepared>()
  for (const table of archivePlan(detected)) {
    const { limits } = await factsOf({ query: session.query, schemas }, table.name)
    prepared.set(table.kind, {
      name: table.name,
      load: loadStatement(table, limits, conversion),
      sizes: sizesStatement(table),
      ...writeStatements(table, keptTables[table.kind], target, conversion, keepDays),
    })
  }
  const rejects = new Rejects(say)
  return {
    async store(source, kind, places, tally, before) {
      const statements = prepared.get(kind)
      if (statements === undefined) throw new Error(`${kind} is not archived.`)
      const reject = (key: string, reason: string) => {
        tally.rejected++
        rejects.tell(statements.name, key, reason)
      }
      const batches = await batchesOf(source, statements, places)
      await inTurns(
        batches,
        (batch) => load(source, statements, batch, reject),
        (rows) => writeRows(session, statements, rows, before ?? null, tally, reject),
      )
    },
  }
}

/** Reads the next one while one is written: the two databases are two machines. */
async function inTurns<Batch, Read>(
  batches: readonly Batch[],
  read: (batch: Batch) => Promise<Read>,
  write: (read: Read) => Promise<void>,
): Promise<void> {
  let written: Promise<void> = Promise.resolve()
  for (const batch of batches) {
    // If it fails meanwhile, that is noticed below.
    written.catch(() => undefined)
    const next = await read(batch)
    await written
    written = write(next)
  }
  await written
}

interface Prepared {
  readonly name: string
  readonly load: string
  readonly sizes: string | undefined
  readonly owners: string
  readonly rows: string
  /** Which column tells how old a row is. */
  readonly timeAt: number
}

type Reject = (key: string, reason: string) => void

/** Says the first of each kind of reject; the others are counted. */
class Rejects {
  readonly #say: (line: string) => void
  readonly #reported = new Set<string>()

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  tell(table: string, key: string, reason: string): void {
    const name = `${table}: ${reason}`
    if (this.#reported.has(name)) return
    this.#reported.add(name)
    this.#say(
      `A row of ${table} cannot be stored (${key}): ${reason}. It is left out and counted; so are others like it.`,
    )
  }
}

/** Of rows that may be large, as many as there is memory for. */
async function batchesOf({ query }: Session, { sizes }: Prepared, places: readonly string[]): Promise<string[][]> {
  const sized = sizes === undefined ? places.map((place) => [place, '0']) : await query(sizes, [places])
  const batches: string[][] = []
  let bytes = 0
  for (const [place, size] of sized) {
    const batch = batches.at(-1)
    bytes += Number(size)
    if (batch !== undefined && batch.length < most.rows && bytes <= most.bytes) batch.push(String(place))
    else {
      batches.push([String(place)])
      bytes = Number(size)
    }
  }
  return batches
}

/** A row as it was loaded: its key for messages, when its selector was last seen, its columns. */
interface Loaded {
  readonly key: string
  readonly lastSeen: Value
  readonly values: readonly Value[]
}

async function load(source: Session, { load: text }: Prepared, places: readonly string[], reject: Reject) {
  const rows: Loaded[] = []
  await withoutBad(
    source,
    places,
    async (some) => {
      for (const [reason, key, lastSeen = null, ...values] of await source.query(text, [some])) {
        if (reason == null) rows.push({ key: String(key), lastSeen, values })
        else reject(String(key), reason)
      }
    },
    (place, { message }) => reject(`at ${place}`, message),
  )
  return rows
}

async function writeRows(
  target: Session,
  { owners, rows: text, timeAt }: Prepared,
  all: readonly Loaded[],
  before: string | null,
  tally: Tally,
  reject: Reject,
): Promise<void> {
  if (all.length === 0) return
  await withoutBad(
    target,
    all,
    async (some) => {
      const columns = some[0]?.values.map((_, index) => some.map(({ values }) => values[index] ?? null)) ?? []
      await target.write(owners, [columns[selectorAt], some.map(({ lastSeen }) => lastSeen), columns[timeAt]])
      tally.written += await target.write(text, [...columns, before])
    },
    ({ key }, { message }) => reject(key, message),
  )
}

/** Every table has the columns rowid and selector first. */
const selectorAt = 1

function loadStatement(table: ArchivedTable, limits: ReadonlyMap<string, number>, conversion: Conversion): string {
  const key = Object.entries(table.key).map(([name, value]) => `concat(${literal(`${name} `)}, ${value})`)
  const columns = table.columns.map((column) => {
    const value = converted(column, conversion)
    return column.kind === 'text' && staysRaw(conversion)
      ? plain(exactText(sql.raw(`(${value})`), 'SQL_ASCII').read.sql)
      : value
  })
  return `SELECT ${reasonOf(table, { limits }, conversion)}, concat_ws(', ', ${key.join(', ')}), ${table.lastSeen}, ${columns.join(', ')}
    FROM ${table.from} WHERE "${table.name}".ctid = ANY($1::text[]::tid[])`
}

function sizesStatement({ from, name, bytes }: ArchivedTable): string | undefined {
  if (bytes === undefined) return undefined
  return `SELECT "${name}".ctid::text, ${bytes} FROM ${from} WHERE "${name}".ctid = ANY($1::text[]::tid[])`
}

/** Any bytes may stand in both databases; a text of the driver would not keep them. */
function staysRaw({ sourceEncoding, targetEncoding }: Conversion): boolean {
  return sourceEncoding === 'SQL_ASCII' && targetEncoding === 'SQL_ASCII'
}

function writeStatements(
  { columns }: ArchivedTable,
  { name, identity, types, time, since }: KeptTable,
  { schemas }: Target,
  conversion: Conversion,
  keepDays: number | undefined,
) {
  const textOf = (value: string) =>
    staysRaw(conversion) ? `convert_from(decode(${value}, 'escape'), 'SQL_ASCII')` : value
  const cellOf = (column: string) => {
    const type = types.get(column)
    return type === undefined ? textOf(`u.${column}`) : `u.${column}::${type}`
  }
  const names = columns.map((column) => column.name)
  const list = (prefix: string) => names.map((column) => `${prefix}${column}`).join(', ')
  const arrays = names.map((_, index) => `$${index + 1}::text[]`).join(', ')
  const before = `$${names.length + 1}::text`
  const filter = keepDays === undefined ? '' : `WHERE u.${time}::${types.get(time)} >= ${since(daysOf(keepDays))}`
  const owners = qualifiedName(schemas, 'selectors')
  return {
    timeAt: names.indexOf(time),
    owners: `INSERT INTO ${owners} AS kept (selector, lastseen)
      SELECT ${textOf('u.selector')}, max(u.lastseen) FROM unnest($1::text[], $2::text[]::timestamptz[], $3::text[]) AS u(selector, lastseen, ${time})
      ${filter} GROUP BY 1
      ON CONFLICT (selector) DO UPDATE SET lastseen = excluded.lastseen WHERE kept.lastseen < excluded.lastseen`,
    rows: `INSERT INTO ${qualifiedName(schemas, name)} AS kept (${list('')})
      SELECT ${names.map(cellOf).join(', ')} FROM unnest(${arrays}) AS u(${list('')}) ${filter}
      ON CONFLICT (${identity.join(', ')}) DO UPDATE SET ${names.map((column) => `${column} = excluded.${column}`).join(', ')}
      WHERE (${list('kept.')}) IS DISTINCT FROM (${list('excluded.')})
        AND (${before} IS NULL OR age(kept.xmin) > age(${before}::xid))`,
  }
}

export function daysOf(days: number): string {
  return `interval '${days} days'`
}
