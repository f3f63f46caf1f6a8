import type { Turns } from '../concurrency/turns.ts'
import { createTurns } from '../concurrency/turns.ts'
import type { Database, LookUp, Statement, Values } from '../database/database.ts'
import { render } from '../database/database.ts'
import type { Scans } from '../database/scans.ts'
import { sizeOf } from '../database/wire/wire-row.ts'
import type { Usage } from './usage.ts'

export interface Metering {
  readonly usage: Usage
  /** Its signal is aborted when the operation times out or the caller disconnects. The first statement asks for it. */
  readonly ending: Pick<AbortController, 'signal'>
  /** Id of the principal; scans take turns between callers. */
  readonly caller: string
  readonly scans: Scans
}

/** Concurrent statements of one operation. Further ones wait in a queue of the operation, not in that of a lane. */
const most = { lookUp: 16, scan: 2, list: 2 }

/**
 * Wraps the database for one operation: counts rows and bytes, limits concurrent statements, and aborts all statements when the
 * signal is aborted or a limit is exceeded. Repeated scans share one result.
 */
export function metered(database: Database, { usage, ending, caller, scans }: Metering): Database {
  let signal: AbortSignal | undefined
  const signalOfAll = () => {
    signal ??= endedBy(usage, ending.signal)
    return signal
  }
  const turns = new Map<keyof typeof most, Turns>()
  /** Created when they are needed, because most operations need one kind. */
  const turnsOf = (kind: keyof typeof most): Turns => {
    const known = turns.get(kind) ?? createTurns(most[kind])
    turns.set(kind, known)
    return known
  }
  const known = new Map<string, Promise<Values[]>>()

  const run = (statement: Statement): Promise<Values[]> => database.query(statement, signalOfAll())
  const scan = (statement: Statement): Promise<Values[]> => {
    const kind = statement.name === undefined ? 'scan' : 'list'
    return turnsOf(kind)(() => scans[kind].run(caller, signalOfAll(), () => run(statement)))
  }
  const lookUp = (statement: Statement, inLane: LookUp): Promise<Values[]> =>
    turnsOf('lookUp')(() => scans.lookUp(inLane).run(caller, signalOfAll(), () => run(statement)))
  /** Reports the exceeded limit instead of the abort error that it causes. */
  const send = async (statement: Statement): Promise<Values[]> => {
    try {
      return await (statement.lookUp === undefined ? scan(statement) : lookUp(statement, statement.lookUp))
    } catch (error) {
      throw usage.excess ?? error
    }
  }
  const counted = async (statement: Statement): Promise<Values[]> => {
    const { expectedBytes = 0 } = statement
    usage.read(expectedBytes)
    const rows = await send(statement)
    usage.rows += rows.length
    usage.read(Math.max(0, rows.reduce((sum, values) => sum + sizeOf(values), 0) - expectedBytes))
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

/** Aborted by the signal, and when a limit is exceeded. */
function endedBy(usage: Usage, signal: AbortSignal): AbortSignal {
  const ending = new AbortController()
  const end = () => ending.abort()
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  usage.onExcess(end)
  return ending.signal
}
