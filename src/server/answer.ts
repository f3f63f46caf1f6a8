import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { MediaType } from './media-type.ts'
import type { Refusal } from './refusal.ts'

export interface Answer {
  readonly status: number
  readonly type: MediaType | undefined
  /** In UTF-8: as text it would be walked through for its length, and again to be sent. */
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Answers are somebody's own, and are what they say they are. */
const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** How long the rest of a body that is not wanted is thrown away, so that the answer reaches a client that still sends. */
const lingerMs = 1_000
/** How long a client may read nothing of its answer. */
const unreadMs = 30_000

/** The page is not to be shown inside of another one. */
const ofPages = { 'x-frame-options': 'DENY', 'content-security-policy': "frame-ancestors 'none'" }

export function send(response: ServerResponse, answer: Answer): void {
  // A refusal can be ready before Node has parsed a body that came together with its headers.
  if (response.req.complete) write(response, answer)
  else setImmediate(write, response, answer)
}

function write(response: ServerResponse, { status, type, body, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return
  const isWholeRequest = response.req.complete
  if (!isWholeRequest) closeLingering(response.req.socket)
  response.setTimeout(unreadMs, () => response.destroy())
  response.writeHead(status, {
    ...always,
    ...(type === 'text/html' ? ofPages : {}),
    ...(type === undefined ? {} : { 'content-type': `${type}; charset=utf-8` }),
    ...(status === 304 ? {} : { 'content-length': body.length }),
    ...(isWholeRequest ? {} : { connection: 'close' }),
    ...headers,
  })
  response.end(body)
}

/**
 * Node closes a connection as soon as the answer is written. While the client sends, the system then resets the connection,
 * and the client may lose the answer. So only our side is closed at first, and what still comes is not kept.
 */
function closeLingering(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }
}

export function answerOfRefusal({ status, headers, errors }: Refusal): Answer {
  return json(status, { errors }, headers)
}

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)), headers }
}
