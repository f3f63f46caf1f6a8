import pLimit from 'p-limit'
import type { Database, LookUp, Statement, Value } from '../database/database.ts'
import { render } from '../database/database.ts'
import type { Scans } from '../database/scans.ts'
import type { Usage } from './usage.ts'

export interface Metering {
  readonly usage: Usage
  /** Aborted when the operation times out or the caller disconnects. */
  readonly signal: AbortSignal
  /** Id of the principal; scans take turns between callers. */
  readonly caller: string
  readonly scans: Scans
}

/** Concurrent statements of one operation. Further ones wait in a queue of the operation, not in that of a lane. */
const mostLookUps = 16
const mostScans = 2
const mostLists = 2

/**
 * Wraps the database for one operation: counts rows and bytes, limits concurrent statements, and aborts all statements when the
 * signal is aborted or a limit is exceeded. Repeated scans share one result.
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
  /** Reports the exceeded limit instead of the abort error that it causes. */
  const send = async (statement: Statement): Promise<Value[][]> => {
    try {
      return await (statement.lookUp === undefined ? scan(statement) : lookUp(statement, statement.lookUp))
    } catch (error) {
      throw usage.excess ?? error
    }
  }
  const counted = async (statement: Statement): Promise<Value[][]> => {
    const { expectedBytes = 0 } = statement
    usage.read(expectedBytes)
    const rows = await send(statement)
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
    ...(database.lowestXmin === undefined ? {} : { lowestXmin: database.lowestXmin }),
    ...(database.moves === undefined ? {} : { moves: database.moves }),
    close: () => database.close(),
  }
}

/** Approximates bytes by UTF-16 code units, which need no encoding. */
function lengthOf(rows: readonly Value[][]): number {
  let length = 0
  for (const row of rows) for (const value of row) length += value?.length ?? 0
  return length
}
