import type { Versions } from '../tools/copy/databases/versions.ts'
import type { LongPhase, Seconds } from '../tools/copy/phase.ts'
import { noSeconds } from '../tools/copy/phase.ts'
import type { Moved } from '../tools/copy/phases/transfer.ts'
import type { PhaseProgress, Progress } from '../tools/copy/progress.ts'
import { createProgress, volume } from './progress.ts'

/** Speed of a phase whose speed is not known yet. */
const assumedBytesPerSecond = 50_000_000
/** No table is smaller, so that empty ones count as well. */
const leastBytes = 8192
const estimateEveryMs = 500

/** Shows the progress of one phase over all its tables, in proportion to their bytes. */
function phaseProgress(
  output: NodeJS.WriteStream,
  phase: LongPhase,
  sizes: ReadonlyMap<string, number>,
): PhaseProgress {
  const progress = createProgress(output)
  const sizeOf = (name: string) => Math.max(leastBytes, sizes.get(name) ?? 0)
  const total = [...sizes.keys()].reduce((sum, name) => sum + sizeOf(name), 0)
  const started = performance.now()
  let done = 0
  let current = { name: '', size: 0, started, rows: 0, isCounted: false }
  // One statement reads a whole table and tells nothing meanwhile: its progress is estimated from the speed so far.
  const estimates = setInterval(() => {
    if (!current.isCounted) progress.update(done + current.size * estimatedShare(current, done, started), '')
  }, estimateEveryMs)
  return {
    table(name, rows) {
      const label = `${phase[0]?.toUpperCase()}${phase.slice(1)} ${name}`
      if (current.name === '') progress.start(label, total)
      else progress.relabel(label)
      done += current.size
      current = { name, size: sizeOf(name), started: performance.now(), rows: rows ?? 0, isCounted: rows !== undefined }
      progress.update(done, '')
    },
    moved(sofar: Moved) {
      const share = Math.min(1, sofar.rows / Math.max(1, current.rows))
      progress.update(done + current.size * share, volume(sofar, current.rows, current.started))
    },
    stop(isComplete) {
      clearInterval(estimates)
      if (isComplete) progress.update(total, '')
      progress.stop()
    },
  }
}

/** Approaches 1 without reaching it, because the estimate may be too fast. */
function estimatedShare(table: { size: number; started: number }, done: number, started: number): number {
  const seconds = (performance.now() - table.started) / 1000
  const before = (table.started - started) / 1000
  const speed = done > 0 && before > 0.5 ? done / before : assumedBytesPerSecond
  return 1 - Math.exp((-seconds * speed) / table.size)
}

/** The course of a copy: its progress, and what a report of a failure tells about it. */
export interface Course {
  readonly progress: Progress
  seconds(): Seconds
  /** Undefined if the databases have not been reached. */
  versions(): Versions | undefined
}

export function followCopy(output: NodeJS.WriteStream): Course {
  const seconds = { ...noSeconds }
  let versions: Versions | undefined
  return {
    seconds: () => seconds,
    versions: () => versions,
    progress: {
      say: (line) => void output.write(`${line}\n`),
      connected: (found) => {
        versions = found
      },
      phase(name, sizes) {
        const started = performance.now()
        const shown = phaseProgress(output, name, sizes)
        return {
          ...shown,
          stop(isComplete) {
            seconds[name] = (performance.now() - started) / 1000
            shown.stop(isComplete)
          },
        }
      },
    },
  }
}
