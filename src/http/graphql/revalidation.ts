import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from '../answer.ts'
import { isKnown } from '../if-none-match.ts'

/**
 * Lets the cache of the caller keep an answer: it has to ask again each time, and receives 304 without a body while the answer is the
 * same. No shared cache may keep it, and a cache of several users keeps one for each credential.
 */
export function revalidated(answer: Answer, { 'if-none-match': known }: IncomingHttpHeaders): Answer {
  const etag = `"${hash('sha256', Buffer.concat([Buffer.from(String(answer.type)), answer.body]), 'base64url')}"`
  // Origin, because CORS headers differ by it.
  const headers = {
    ...answer.headers,
    etag,
    'cache-control': 'private, no-cache',
    vary: 'accept, authorization, origin',
  }
  if (isKnown(etag, known)) return { status: 304, type: undefined, body: Buffer.alloc(0), headers }
  return { ...answer, headers }
}
