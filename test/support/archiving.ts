/** Runs an archive in this process. */
import { onTestFinished } from 'vitest'
import { parseConnectionString } from '../../src/config/connection-string.ts'
import { archive } from '../../src/tools/archive/archive.ts'
import type { ArchiveFacts, ArchiveOptions } from '../../src/tools/archive/options.ts'
import { until } from './until.ts'

export interface Archiving {
  readonly said: string[]
  readonly facts: ArchiveFacts | undefined
  /** Resolves once all that is committed in the source at this moment is in the archive. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
  readonly ended: Promise<void>
}

interface Database {
  readonly url: string
}

export function startArchive(source: Database, target: Database, options: Partial<ArchiveOptions> = {}): Archiving {
  const ending = new AbortController()
  const said: string[] = []
  let facts: ArchiveFacts | undefined
  /** When the source was looked at of which everything is written. */
  let caughtUpAt = Number.NEGATIVE_INFINITY
  const progress = {
    say: (line: string) => void said.push(line),
    update(latest: ArchiveFacts) {
      facts = latest
      if (!latest.isReadingAll) caughtUpAt = performance.now() - latest.lagMs
    },
  }
  const at = ({ url }: Database, label: string) => ({ connection: parseConnectionString(url, 'test', {}), label })
  const ended = archive(
    {
      source: at(source, 'source'),
      target: at(target, 'target'),
      keepDays: undefined,
      invalidBytes: 'reject',
      ...options,
    },
    progress,
    ending.signal,
  )
  // Awaited by the test or not at all.
  ended.catch(() => undefined)
  const stop = async () => {
    ending.abort()
    await ended
  }
  onTestFinished(() => stop().catch(() => undefined))
  return {
    said,
    get facts() {
      return facts
    },
    async caughtUp() {
      const now = performance.now()
      const failed = ended.then(() => Promise.reject(new Error(`The archive has ended: ${said.join('\n')}`)))
      await Promise.race([until('the archive has caught up', () => caughtUpAt > now), failed])
    },
    stop,
    ended,
  }
}
