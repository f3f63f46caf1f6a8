import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from '../answer.ts'
import { isKnown } from '../if-none-match.ts'
import type { Encoded } from './encodings.ts'
import { encodingOf } from './encodings.ts'

/** A file that everybody may read, ready to be sent. */
export interface StaticFile {
  readonly type: NonNullable<Answer['type']>
  readonly encoded: Encoded
  /** Of the bytes without a coding. */
  readonly digest: string
  readonly headers: Readonly<Record<string, string>>
}

export function staticFile(
  type: StaticFile['type'],
  encoded: Encoded,
  headers: Readonly<Record<string, string>>,
): StaticFile {
  return { type, encoded, digest: hash('sha256', encoded.identity, 'base64url'), headers }
}

/** Answers 304 if the client has the file in this coding. */
export function answerFile(file: StaticFile, { headers }: { headers: IncomingHttpHeaders }): Answer {
  const { 'accept-encoding': accepted, 'if-none-match': known } = headers
  const encoding = encodingOf(typeof accepted === 'string' ? accepted : undefined)
  // Each coding has a tag of its own, because their bytes differ.
  const etag = `"${file.digest}${encoding === 'identity' ? '' : `-${encoding}`}"`
  const common = { ...file.headers, etag, vary: 'accept-encoding' }
  if (isKnown(etag, known)) return { status: 304, type: undefined, body: Buffer.alloc(0), headers: common }
  const coded = encoding === 'identity' ? common : { ...common, 'content-encoding': encoding }
  return { status: 200, type: file.type, body: file.encoded[encoding], headers: coded }
}
