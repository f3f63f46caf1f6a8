/** A database whose statements wait at a gate, so that a test controls the duration of an operation. */
import type { Database } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { cancelled } from '../../src/errors/database-error.ts'

export interface Gate {
  readonly database: Database
  /** Current and maximum number of waiting statements. */
  readonly waiting: number
  readonly most: number
  /** Releases the waiting statements. */
  release(): void
}

/** Statements that read sipcalls wait. */
export function openGate(real: Database): Gate {
  const held = new Set<() => void>()
  let most = 0
  const wait = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const go = () => {
        held.delete(go)
        if (signal?.aborted) reject(cancelled())
        else resolve()
      }
      signal?.addEventListener('abort', go, { once: true })
      held.add(go)
      most = Math.max(most, held.size)
      if (signal?.aborted) go()
    })
  return {
    database: {
      async query(statement, signal) {
        if (render(statement).text.includes('sipcalls')) await wait(signal)
        return real.query(statement, signal)
      },
      close: () => real.close(),
    },
    get waiting() {
      return held.size
    },
    get most() {
      return most
    },
    release() {
      for (const go of held) go()
    },
  }
}
