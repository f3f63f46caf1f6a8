import type { Versions } from './databases/versions.ts'
import type { LongPhase } from './phase.ts'
import type { Moved } from './phases/transfer.ts'

/** Receives the progress of a copy. */
export interface Progress {
  say(line: string): void
  /** Called when both databases are connected. */
  connected(versions: Versions): void
  /**
   * Called when a phase starts.
   *
   * @param bytes size of each table of the phase
   */
  phase(name: LongPhase, bytes: ReadonlyMap<string, number>): PhaseProgress
}

export interface PhaseProgress {
  /**
   * Called when the next table starts.
   *
   * @param rows number of rows that `moved` counts up to; undefined if it is not called
   */
  table(name: string, rows?: number): void
  moved(sofar: Moved): void
  /** @param isComplete whether all tables are done */
  stop(isComplete: boolean): void
}
