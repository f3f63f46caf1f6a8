/** The answer of an operation as an HTTP response. */
import type { ExecutionResult } from 'graphql'
import { retryAfterSeconds } from '../../execution/mask-errors.ts'
import type { Answer } from '../answer.ts'
import type { MediaType } from './media-type.ts'
import { streamType } from './media-type.ts'
import { framed, streamOfOne } from './server-sent-events.ts'
import type { StreamEvent } from './streams.ts'

/** What an operation is answered with, before a transport frames it. */
export interface OperationAnswer {
  readonly result: ExecutionResult
  /** The result as JSON, in UTF-8. */
  readonly json: Buffer
  /** Of the rate limit. */
  readonly headers: Readonly<Record<string, string>>
  /** The results of a subscription, of which `result` is the first. They end when the signal is aborted. */
  readonly events?: (signal: AbortSignal) => AsyncGenerator<StreamEvent>
}

const noBytes = Buffer.alloc(0)

/** @param codes of the errors of the result */
export function encoded(answer: OperationAnswer, codes: readonly string[], type: MediaType): Answer {
  const { result, json, headers, events } = answer
  if (events !== undefined) {
    return { status: 200, type, body: noBytes, headers: {}, stream: (signal) => framed(events(signal)) }
  }
  if (type === streamType) return { status: 200, type, body: Buffer.from(streamOfOne(json.toString())), headers }
  if (isUnavailable(result, codes)) return unavailable(result, type, headers)
  return { status: statusOf(result, type), type, body: json, headers }
}

/** GraphQL-over-HTTP: application/graphql-response+json has status 400 without data; application/json always has 200. */
function statusOf(result: ExecutionResult, type: MediaType): number {
  return type !== 'application/graphql-response+json' || 'data' in result ? 200 : 400
}

/** Whether nothing could be read because the database is gone. With some data it is a usual answer with errors. */
function isUnavailable({ data }: ExecutionResult, codes: readonly string[]): boolean {
  return codes.length > 0 && codes.every((code) => code === 'UNAVAILABLE') && !hasValue(data)
}

/** Whether anything was read: a value that is not null, or an empty list. */
function hasValue(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return data != null
  if (Array.isArray(data) && data.length === 0) return true
  return Object.values(data).some(hasValue)
}

/** 503 tells balancers and clients to try again, or elsewhere. */
function unavailable({ errors }: ExecutionResult, type: MediaType, headers: Readonly<Record<string, string>>): Answer {
  const body = Buffer.from(JSON.stringify({ errors }))
  return { status: 503, type, body, headers: { ...headers, 'retry-after': String(retryAfterSeconds) } }
}
