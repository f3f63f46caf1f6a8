import type { Moved } from './transfer.ts'

/** What a copy tells while it works. */
export interface Progress {
  say(line: string): void
  /** A table starts to move. */
  table(name: string, rows: number): { moved(sofar: Moved): void; stop(): void }
}
