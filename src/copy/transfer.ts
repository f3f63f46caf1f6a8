import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { databaseError } from '../database/database-error.ts'
import type { Session } from './session.ts'

export interface Moved {
  readonly rows: number
  readonly bytes: number
}

/**
 * Streams rows from one database into the other in COPY's text format, byte for byte. The slower side holds up the faster
 * one, so memory does not grow with the table.
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
    await pipeline(reading, meter, writing, { signal })
  } catch (error) {
    throw databaseError(error)
  }
}

const newline = 0x0a

/** In the text format a newline stands only at the end of a row. */
function newlines(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) count++
  return count
}
