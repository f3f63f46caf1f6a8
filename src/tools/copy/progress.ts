import type { Moved } from './transfer.ts'

/** Receives the progress of a copy. */
export interface Progress {
  say(line: string): void
  /** Called when the transfer of a table starts. */
  table(name: string, rows: number): { moved(sofar: Moved): void; stop(): void }
}
