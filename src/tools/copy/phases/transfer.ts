import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { Session } from '../databases/session.ts'
import { SideError } from '../databases/session.ts'

export interface Moved {
  readonly rows: number
  readonly bytes: number
}

/**
 * Streams rows from the source to the target in COPY's text format, unchanged. Back-pressure bounds memory use.
 *
 * @param moved called with the totals after each chunk
 * @param signal aborts the transfer
 * @throws SideError if either side fails or the transfer is aborted
 */
export async function transfer(
  source: Session,
  target: Session,
  select: string,
  into: string,
  moved: (sofar: Moved) => void,
  signal: AbortSignal,
): Promise<void> {
  let rows = 0
  let bytes = 0
  /** When one side fails, the other one is destroyed and fails as well. */
  let first: SideError | undefined
  const failed = ({ side }: Session, error: unknown) => {
    first ??= new SideError(side, error)
  }
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      rows += newlines(chunk)
      bytes += chunk.length
      moved({ rows, bytes })
      done(null, chunk)
    },
  })
  try {
    const reading = source.client.query(copyTo(`COPY (${select}) TO STDOUT`))
    const writing = target.client.query(copyFrom(`COPY ${into} FROM STDIN`))
    reading.once('error', (error) => failed(source, error))
    writing.once('error', (error) => failed(target, error))
    await pipeline(reading, meter, writing, { signal })
  } catch (error) {
    throw first ?? error
  }
}

const newline = 0x0a

/** Counts rows: the text format escapes line feeds within values. */
function newlines(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) count++
  return count
}
