import pLimit from 'p-limit'
import type { Database, LookUp, Statement, Value } from '../database/database.ts'
import { render } from '../database/database.ts'
import type { Scans } from '../database/scans.ts'
import type { Usage } from './usage.ts'

export interface Metering {
  readonly usage: Usage
  /** Given when the operation's time is up, or when its caller has gone away. */
  readonly signal: AbortSignal
  /** Callers share what runs at once. */
  readonly caller: string
  readonly scans: Scans
}

/** Statements of one operation that are under way at once; its others wait in its own queue, not in that of a lane. */
const mostLookUps = 16
const mostScans = 2
const mostLists = 2

/**
 * The database as one operation sees it. What it reads is counted, what runs at once is bounded, and all of its statements
 * end when the signal is given or a bound is passed. A scan that is asked for again is answered by the first.
 */
export function metered(database: Database, { usage, signal, caller, scans }: Metering): Database {
  const ending = new AbortController()
  const end = () => ending.abort()
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  usage.onExcess(end)

  const lookUps = pLimit(mostLookUps)
  const ofKind = { scan: pLimit(mostScans), list: pLimit(mostLists) }
  const known = new Map<string, Promise<Value[][]>>()

  const run = (statement: Statement): Promise<Value[][]> => database.query(statement, ending.signal)
  const scan = (statement: Statement): Promise<Value[][]> => {
    const kind = statement.name === undefined ? 'scan' : 'list'
    return ofKind[kind](() => scans[kind].run(caller, ending.signal, () => run(statement)))
  }
  const lookUp = (statement: Statement, inLane: LookUp): Promise<Value[][]> =>
    lookUps(() => scans.lookUp(inLane).run(caller, ending.signal, () => run(statement)))
  /** A statement that ends because a bound is passed fails with that, wherever it waits. */
  const sent = async (statement: Statement): Promise<Value[][]> => {
    try {
      return await (statement.lookUp === undefined ? scan(statement) : lookUp(statement, statement.lookUp))
    } catch (error) {
      throw usage.excess ?? error
    }
  }
  const counted = async (statement: Statement): Promise<Value[][]> => {
    const { expectedBytes = 0 } = statement
    usage.read(expectedBytes)
    const rows = await sent(statement)
    usage.rows += rows.length
    usage.read(Math.max(0, lengthOf(rows) - expectedBytes))
    return rows
  }

  return {
    query(given) {
      const statement = render(given)
      if (statement.lookUp !== undefined) return counted(statement)
      const key = JSON.stringify([statement.text, statement.values])
      const rows = known.get(key) ?? counted(statement)
      known.set(key, rows)
      return rows
    },
    close: () => database.close(),
  }
}

/** Characters stand for bytes here: near enough for a bound, and free. */
function lengthOf(rows: readonly Value[][]): number {
  let length = 0
  for (const row of rows) for (const value of row) length += value?.length ?? 0
  return length
}
