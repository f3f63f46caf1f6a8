import type { DatabaseFlags } from '../config/database-target.ts'
import { databaseAt, requireDatabase } from '../config/database-target.ts'
import type { Environment } from '../config/environment.ts'
import { Problem } from '../errors/problem.ts'
import { archive } from '../tools/archive/archive.ts'
import type { InvalidBytes } from '../tools/copy/plan/conversion.ts'
import { followArchive } from './archive-progress.ts'
import { endWithin } from './ending.ts'
import type { Output } from './output.ts'

export interface ArchiveFlags extends DatabaseFlags {
  readonly to: string
  readonly keep?: string | undefined
  readonly invalidBytes: InvalidBytes
}

/** After a signal: longer than a statement that is under way may take. */
const stopMs = 9_000

/**
 * Keeps what SIPIS deletes, until SIGINT or SIGTERM.
 *
 * @throws Problem if an argument is invalid, or a database cannot be used
 */
export async function archiveCommand(flags: ArchiveFlags, environment: Environment, output: Output): Promise<void> {
  const options = {
    source: requireDatabase(flags, environment),
    target: databaseAt(flags.to, '--to', false, environment),
    keepDays: flags.keep === undefined ? undefined : daysOf(flags.keep),
    invalidBytes: flags.invalidBytes,
  }
  const stopping = new AbortController()
  void output.stopped().then(() => {
    stopping.abort()
    endWithin(stopMs)
  })
  output.loseWhatFails()
  using progress = followArchive(output.progress)
  progress.say(`Keeping rows of ${options.source.label} in ${options.target.label}. Stop with Ctrl+C`)
  await archive(options, progress, stopping.signal)
}

function daysOf(text: string): number {
  const [, days] = /^([1-9]\d{0,4})d$/.exec(text) ?? []
  if (days === undefined) throw new Problem(`--keep is "${text}"; it must be a number of days such as 90d.`, 'USAGE')
  return Number(days)
}
