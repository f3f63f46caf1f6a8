import type pg from 'pg'
import type { Statement, Value } from './database.ts'
import { busy, databaseError } from './database-error.ts'
import { withPatience } from './patience.ts'

export interface LaneLimits {
  /** What a look-up may take from when it is asked; the server gives each statement as long. */
  readonly timeoutMs: number
  /** How many statements are on the way at once. Those beyond wait, */
  readonly maxInFlight: number
  /** and those beyond that are refused. */
  readonly maxWaiting: number
  /** Whether a session keeps its plans. Some connection poolers cannot: a statement finds another session than it left. */
  readonly preparedStatements: boolean
}

/** One connection that many share: a statement is sent without waiting for the answers to those before it. */
export interface Lane {
  run(statement: Statement, signal: AbortSignal | undefined): Promise<Value[][]>
  close(): Promise<void>
}

interface Ask extends PromiseWithResolvers<Value[][]> {
  readonly statement: Statement
}

/** Statements have a finite number of shapes, but a session has not the memory for all of them. */
const maxNames = 200

/** What a session has prepared is gone, or out of date because a table has changed. */
const stale = new Set(['26000', '0A000'])

/** The connection is made when it is first needed, and again after it has ended. */
export function openLane(connect: () => Promise<pg.Client>, limits: LaneLimits): Lane {
  const { timeoutMs, maxInFlight, maxWaiting, preparedStatements } = limits
  const waiting = new Set<Ask>()
  const names = new Set<string>()
  let session: Promise<pg.Client> | undefined
  let inFlight = 0

  const connected = (): Promise<pg.Client> => {
    if (session !== undefined) return session
    const opened = connect()
    const forget = () => {
      if (session === opened) session = undefined
    }
    opened.then((client) => client.once('error', forget).once('end', forget), forget)
    session = opened
    return opened
  }

  const nameOf = ({ lookUp }: Statement): { name?: string } => {
    if (lookUp === undefined || !preparedStatements) return {}
    if (names.size >= maxNames && !names.has(lookUp.name)) return {}
    names.add(lookUp.name)
    return { name: lookUp.name }
  }

  const send = async (statement: Statement, isSecond = false): Promise<Value[][]> => {
    const asked = connected()
    const client = await asked
    try {
      const { text, values } = statement
      const { rows } = await client.query<Value[]>({
        ...nameOf(statement),
        text,
        values: [...values],
        rowMode: 'array',
      })
      return rows
    } catch (error) {
      const failure = databaseError(error)
      const isSessionLost = failure.failure === 'unavailable' || stale.has(failure.code)
      if (!isSessionLost) throw failure
      if (session === asked) session = undefined
      // What it has been sent is still answered where that is possible.
      client.end().catch(() => undefined)
      // Look-ups change nothing, so they may be asked again.
      if (isSecond) throw failure
      return send(statement, true)
    }
  }

  const advance = () => {
    for (const ask of waiting) {
      if (inFlight >= maxInFlight) return
      waiting.delete(ask)
      inFlight++
      send(ask.statement)
        .then(ask.resolve, ask.reject)
        .then(() => {
          inFlight--
          advance()
        })
    }
  }

  return {
    async run(statement, signal) {
      if (inFlight >= maxInFlight && waiting.size >= maxWaiting) throw busy()
      const ask: Ask = { statement, ...Promise.withResolvers<Value[][]>() }
      waiting.add(ask)
      advance()
      return withPatience(ask.promise, { signal, timeoutMs, onGivenUp: () => waiting.delete(ask) })
    },
    async close() {
      const client = await session?.catch(() => undefined)
      await client?.end()
    },
  }
}
