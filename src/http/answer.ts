import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { JsonType, MediaType } from './graphql/media-type.ts'
import type { Refusal } from './refusal.ts'

export interface Answer {
  readonly status: number
  readonly type: MediaType | FileType | typeof metricsType | typeof sdlType | undefined
  /** UTF-8 bytes, encoded once; used for both Content-Length and the body. */
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
  /** What follows the body, until it ends or the signal is aborted, because the client has gone. */
  readonly stream?: (signal: AbortSignal) => AsyncGenerator<string>
}

/** Of the console's files. */
export type FileType = 'text/html' | 'text/javascript' | 'text/css' | 'image/svg+xml'

/** Prometheus' text format. */
export const metricsType = 'text/plain; version=0.0.4'

/** There is no registered type for GraphQL's schema language, and a browser shows this one. */
export const sdlType = 'text/plain'

export const requestIdHeader = 'x-request-id'

/** Responses are private: never cached, never content-sniffed. */
const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** How long the rest of an unread request body is discarded, so that a client that is still sending receives the response. */
const lingerMs = 1_000
/** Answers are written in pieces, so that each piece that is taken shows that the client reads. */
const pieceBytes = 65_536
/** Up to this size a body is copied behind its headers, because two buffers take the kernel longer than one. */
const copiedBytes = 8_192

export interface SendOptions {
  /** The connection is closed if the client takes nothing of the response for this time. */
  readonly stalledMs: number
  /** The connection is closed if the response has not left by then, however it goes on. */
  readonly wholeMs: number
  readonly onStalled: () => void
}

/** Prevents framing of the GraphiQL page by other pages. */
const ofPages = { 'x-frame-options': 'DENY', 'content-security-policy': "frame-ancestors 'none'" }

/** What is known of the request. */
interface Asked {
  /** Sent along as a header. */
  readonly id?: string
  /** Whether its body has been read. */
  readonly isRead?: boolean
}

export function send(response: ServerResponse, answer: Answer, options: SendOptions, asked: Asked = {}): void {
  // Deferred, because a refusal can be ready before Node has parsed a body that arrived with the headers.
  if (isWhole(response, asked)) write(response, answer, options, asked)
  else setImmediate(write, response, answer, options, asked)
}

/** Node says that a request is complete a moment after its body has been read. */
function isWhole({ req }: ServerResponse, { isRead = false }: Asked): boolean {
  return isRead || req.complete
}

function write(response: ServerResponse, answer: Answer, options: SendOptions, asked: Asked): void {
  const { status, body, stream } = answer
  if (response.headersSent || response.destroyed) return
  const isWholeRequest = isWhole(response, asked)
  if (!isWholeRequest) closeLingering(response.req.socket)
  response.writeHead(status, headersOf(answer, isWholeRequest, asked.id))
  if (stream !== undefined) return void writeStream(response, stream, options)
  // Latin-1 has a character for each byte, and node:http writes a text together with the headers.
  if (body.length <= copiedBytes) response.end(body.toString('latin1'), 'latin1')
  else writePieces(response, body, 0)
  // Most answers have left at once.
  if (!response.writableEnded || response.writableLength > 0) endStalled(response, options)
}

function headersOf(
  { status, type, body, headers, stream }: Answer,
  isWholeRequest: boolean,
  requestId: string | undefined,
): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = { ...always }
  if (requestId !== undefined) all[requestIdHeader] = requestId
  if (type === 'text/html') Object.assign(all, ofPages)
  if (type !== undefined) all['content-type'] = `${type}; charset=utf-8`
  if (status !== 304 && stream === undefined) all['content-length'] = body.length
  if (!isWholeRequest) all['connection'] = 'close'
  return Object.assign(all, headers)
}

/** Each piece has to leave before the next one is made, so a client that reads slowly costs one. */
async function writeStream(
  response: ServerResponse,
  stream: NonNullable<Answer['stream']>,
  { stalledMs, onStalled }: SendOptions,
): Promise<void> {
  const ending = new AbortController()
  response.on('close', () => ending.abort())
  // A proxy must not wait for more.
  response.flushHeaders()
  try {
    for await (const piece of stream(ending.signal)) {
      if (response.destroyed) break
      await written(response, piece, stalledMs, onStalled)
    }
    response.end()
  } catch {
    // Observed by the stream itself.
    response.destroy()
  }
}

function written(response: ServerResponse, piece: string, stalledMs: number, onStalled: () => void): Promise<void> {
  return new Promise((resolve) => {
    const stall = setTimeout(() => {
      onStalled()
      response.destroy()
    }, stalledMs)
    const settle = () => {
      clearTimeout(stall)
      response.off('close', settle)
      resolve()
    }
    response.once('close', settle)
    response.write(piece, settle)
  })
}

/** The timeout of a socket begins anew with each piece, and where the kernel has taken a part of one. */
function endStalled(response: ServerResponse, { stalledMs, wholeMs, onStalled }: SendOptions): void {
  const end = () => {
    onStalled()
    response.destroy()
  }
  response.setTimeout(stalledMs, end)
  const whole = setTimeout(end, wholeMs).unref()
  response.on('close', () => clearTimeout(whole))
}

function writePieces(response: ServerResponse, body: Buffer, start: number): void {
  const end = start + pieceBytes
  if (end >= body.length) response.end(body.subarray(start))
  else
    response.write(body.subarray(start, end), (error) => {
      if (error == null && !response.destroyed) writePieces(response, body, end)
    })
}

/**
 * Node closes the connection once the response is written. If the client is still sending, the kernel resets the connection and
 * the client may lose the response. This closes only the sending side and discards incoming data for a moment.
 */
function closeLingering(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }
}

export function answerOfRefusal(refusal: Refusal, requestId: string, type: JsonType = 'application/json'): Answer {
  return { ...json(refusal.status, { errors: refusal.errorsFor(requestId) }, refusal.headers), type }
}

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)), headers }
}
