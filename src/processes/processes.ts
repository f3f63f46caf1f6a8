/** The SIPIS processes, as each says of itself. Only they know the state of an instance: the database does not. */
import { createFresh } from '../concurrency/fresh.ts'
import type { Asked } from './ask.ts'
import { askProcess } from './ask.ts'

export interface ProcessAnswer {
  /** host:port. */
  readonly address: string
  readonly asked: Asked
}

/** Asks all of them at once, at most every few seconds however often it is called. Never throws. */
export type Processes = () => Promise<readonly ProcessAnswer[]>

const defaultFreshMs = 5_000

export function createProcesses(
  origins: readonly string[],
  { freshMs = defaultFreshMs, timeoutMs }: { readonly freshMs?: number; readonly timeoutMs?: number } = {},
): Processes {
  return createFresh(freshMs, () =>
    Promise.all(
      origins.map(async (origin) => ({ address: new URL(origin).host, asked: await askProcess(origin, timeoutMs) })),
    ),
  )
}
