import type { OutgoingHttpHeaders } from 'node:http'
import { createClient } from 'graphql-ws'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { Answer } from './client.ts'
import { until } from './until.ts'

export interface Message {
  readonly type: string
  readonly id?: string
  // biome-ignore lint/suspicious/noExplicitAny: a payload has the shape of its query, which tests spell out.
  readonly payload?: any
}

/** A WebSocket on which tests send any message, and all that it has received. */
export interface Socket {
  readonly socket: WebSocket
  readonly received: Message[]
  /** Resolves to the code and the reason, or to the status of a refused upgrade. */
  readonly closed: Promise<readonly [code: number, reason: string]>
  send(message: unknown): void
  /** Sends connection_init, and waits for its answer. */
  init(payload?: object): Promise<void>
  /** Messages of an operation. */
  of(id: string): Message[]
}

export interface SocketOptions {
  readonly protocol?: string | undefined
  readonly headers?: OutgoingHttpHeaders
}

export const transport = 'graphql-transport-ws'

/** @param url that of the gateway */
export async function openSocket(
  url: string,
  { protocol = transport, headers = {} }: SocketOptions = {},
): Promise<Socket> {
  const protocols = protocol === '' ? [] : [protocol]
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocols, { headers })
  const received: Message[] = []
  const { promise: closed, resolve } = Promise.withResolvers<readonly [number, string]>()
  const opened = new Promise((open) => socket.once('open', open))
  socket.on('message', (data) => received.push(JSON.parse(String(data))))
  socket.on('close', (code, reason) => resolve([code, String(reason)]))
  socket.on('error', () => undefined)
  socket.on('unexpected-response', async (_, response) => {
    let text = ''
    for await (const part of response) text += part
    resolve([response.statusCode ?? 0, /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? text])
  })
  onTestFinished(() => socket.terminate())
  await Promise.race([opened, closed])
  const send = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  const of = (id: string) => received.filter((message) => message.id === id)
  return {
    socket,
    received,
    closed,
    send,
    of,
    async init(payload) {
      send({ type: 'connection_init', ...(payload === undefined ? {} : { payload }) })
      await until('it is acknowledged', () => received.some(({ type }) => type === 'connection_ack'))
    },
  }
}

/** The client of graphql-ws, which does not connect anew. */
export function socketClient(url: string, credential?: string) {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(credential === undefined ? {} : { connectionParams: { authorization: `Bearer ${credential}` } }),
  })
  onTestFinished(() => client.terminate())
  return client
}

/** Asks queries on one socket, as Client.answer does over HTTP. */
export interface SocketDoor extends Disposable {
  answer(query: string, variables?: object): Promise<Answer>
}

export function openDoor(url: string, credential: string): SocketDoor {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazyCloseTimeout: 60_000,
    connectionParams: { authorization: `Bearer ${credential}` },
  })
  return {
    answer: (query, variables = {}) =>
      new Promise((resolve) => {
        client.subscribe<Answer['data']>(
          { query, variables: { ...variables } },
          {
            next: (result) => resolve(JSON.parse(JSON.stringify(result))),
            // The errors of the operation, or the event with which the socket was closed.
            error: (errors) =>
              resolve(Array.isArray(errors) ? { data: undefined, errors } : { data: reasonOf(errors) }),
            complete: () => undefined,
          },
        )
      }),
    [Symbol.dispose]: () => client.terminate(),
  }
}

function reasonOf(closed: unknown): string {
  return typeof closed === 'object' && closed !== null && 'reason' in closed ? String(closed.reason) : String(closed)
}

/** The only answer of a query over WebSocket. */
export async function askSocket(url: string, query: string, variables: object = {}, credential?: string) {
  const client = socketClient(url, credential)
  for await (const result of client.iterate({ query, variables: { ...variables } })) return result
  return undefined
}
