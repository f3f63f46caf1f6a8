import { isDeepStrictEqual } from 'node:util'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors/problem.ts'
import type { Observe } from '../telemetry/observation.ts'
import type { Detected } from './detect.ts'
import { detect } from './detect.ts'

/** Detects the schema again and again, because another database may come to stand behind the address. */
export interface SchemaWatch extends AsyncDisposable {
  /** Why the tables cannot be served now, for the operator; undefined if they can. */
  readonly problem: string | undefined
  /** Detects soon, because a statement found a table, column or privilege missing. */
  look(): void
}

export interface SchemaWatchOptions {
  readonly database: Database
  readonly detected: Detected
  readonly observe: Observe
  /** Called with what was detected whenever that differs from before. */
  readonly onChange: (detected: Detected) => void
  readonly intervalMs?: number
}

const defaultIntervalMs = 10_000
/** Detection reads the catalogue with a few statements, so failing operations cause it only so often. */
const soonMs = 500

export function watchSchema(options: SchemaWatchOptions): SchemaWatch {
  const { database, observe, onChange, intervalMs = defaultIntervalMs } = options
  let current = options.detected
  let problem: string | undefined
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let nextAt = 0

  const schedule = (delayMs: number) => {
    const at = performance.now() + delayMs
    if (isClosed || (timer !== undefined && nextAt <= at)) return
    clearTimeout(timer)
    nextAt = at
    timer = setTimeout(look, delayMs).unref()
  }
  const look = async () => {
    timer = undefined
    await detectAgain()
    schedule(intervalMs)
  }
  const detectAgain = async () => {
    try {
      const found = await detect(database)
      if (problem !== undefined) observe({ kind: 'schemaReadable' })
      problem = undefined
      if (isClosed || isDeepStrictEqual(found, current)) return
      observe({ kind: 'schemaChanged', from: current.version, to: found.version })
      current = found
      onChange(found)
    } catch (error) {
      report(error)
    }
  }
  const report = (error: unknown) => {
    // The tables of an unreachable database are unknown.
    if (!(error instanceof Problem)) return
    if (problem !== error.message) observe({ kind: 'schemaUnreadable', message: error.message })
    problem = error.message
  }

  schedule(intervalMs)
  return {
    get problem() {
      return problem
    },
    look: () => schedule(soonMs),
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
