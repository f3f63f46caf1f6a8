import type { ServerResponse } from 'node:http'
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

/** The page is not to be shown inside of another one. */
const ofPages = { 'x-frame-options': 'DENY', 'content-security-policy': "frame-ancestors 'none'" }

export function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...always,
    ...(type === 'text/html' ? ofPages : {}),
    ...(type === undefined ? {} : { 'content-type': `${type}; charset=utf-8` }),
    'content-length': body.length,
    ...headers,
  })
  response.end(body)
}

export function answerOfRefusal({ status, headers, errors }: Refusal): Answer {
  return json(status, { errors }, headers)
}

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: 'application/json', body: Buffer.from(JSON.stringify(value)), headers }
}
