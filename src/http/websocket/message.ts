/** Messages of graphql-transport-ws, the protocol of the package graphql-ws. */
import type { ExecutionResult, GraphQLError } from 'graphql'
import type { CompleteMessage, ConnectionInitMessage, PingMessage, PongMessage, SubscribeMessage } from 'graphql-ws'
import { MessageType, validateMessage } from 'graphql-ws'
import { maxDepth, parseJson } from '../graphql/parameters.ts'

export type ClientMessage = ConnectionInitMessage | PingMessage | PongMessage | SubscribeMessage | CompleteMessage

/** Longer ids are kept by no client, and the gateway repeats an id with each result. */
const maxIdLength = 256

/** Undefined for what the protocol does not know, or does not let a client send. */
export function messageOf(text: string): ClientMessage | undefined {
  try {
    // The message is a level above the parameters that a body has.
    const message = validateMessage(withQuery(parseJson(text, 'The message', maxDepth + 1)))
    switch (message.type) {
      case MessageType.ConnectionAck:
      case MessageType.Next:
      case MessageType.Error:
        return undefined
      case MessageType.Subscribe:
      case MessageType.Complete:
        return message.id.length > maxIdLength ? undefined : message
      default:
        return message
    }
  } catch {
    return undefined
  }
}

/** The protocol requires a query, also where a trusted document is named instead. */
function withQuery(message: unknown): unknown {
  if (!isObject(message) || message['type'] !== MessageType.Subscribe || !isObject(message['payload'])) return message
  const { payload } = message
  const isNamed = payload['documentId'] != null || payload['extensions'] != null
  return isNamed && payload['query'] == null ? { ...message, payload: { ...payload, query: '' } } : message
}

/** The credential in the payload of connection_init, because a browser sends no headers of its own with a WebSocket. */
export function credentialIn(payload: unknown): string | undefined {
  return isObject(payload) ? (authorizationIn(payload) ?? authorizationIn(payload['headers'])) : undefined
}

function authorizationIn(given: unknown): string | undefined {
  const values = isObject(given) ? [given['authorization'], given['Authorization']] : []
  return values.find((value) => typeof value === 'string')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const ack = JSON.stringify({ type: MessageType.ConnectionAck })

export function pong(payload: unknown): string {
  return JSON.stringify({ type: MessageType.Pong, ...(payload == null ? {} : { payload }) })
}

/** A result without data is the last message of its operation. */
export function isLast(result: ExecutionResult): boolean {
  return !('data' in result)
}

/** @param text the result as JSON */
export function next(id: string, text: string): string {
  return `{"id":${JSON.stringify(id)},"type":"${MessageType.Next}","payload":${text}}`
}

export function failed(id: string, errors: readonly GraphQLError[]): string {
  return JSON.stringify({ id, type: MessageType.Error, payload: errors })
}

export function complete(id: string): string {
  return JSON.stringify({ id, type: MessageType.Complete })
}
