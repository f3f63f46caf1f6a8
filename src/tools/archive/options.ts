import type { DatabaseTarget } from '../../config/database-target.ts'
import type { InvalidBytes } from '../copy/plan/conversion.ts'

export interface ArchiveOptions {
  readonly source: DatabaseTarget
  readonly target: DatabaseTarget
  /** Days after which rows are deleted from the archive, by their own time; undefined to keep all. */
  readonly keepDays: number | undefined
  readonly invalidBytes: InvalidBytes
  /** The shortest pause between two looks. */
  readonly paceMs?: number
}

/** What an archive has done since it was begun, and what it is doing. */
export interface ArchiveFacts {
  readonly written: bigint
  readonly rejected: bigint
  readonly expired: bigint
  /** Time since the last look after which everything that the source showed was written. */
  readonly lagMs: number
  /** Whether all rows of the source are being read, at the beginning or after a reset. */
  readonly isReadingAll: boolean
}

/** Receives the progress of an archive. */
export interface ArchiveProgress {
  say(line: string): void
  update(facts: ArchiveFacts): void
}
