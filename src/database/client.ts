/** The driver's client, with fixes for cases in which it leaves a connection open or never settles. Used for all connections. */
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import type { ReconnectGate } from './reconnect.ts'
import { createSplitter } from './wire/splitter.ts'

declare module 'pg' {
  interface Client {
    readonly sslNegotiation: 'postgres' | 'direct'
  }
  interface ClientConfig {
    sslNegotiation?: 'postgres' | 'direct' | undefined
  }
  interface Connection {
    connect(port: number | string, host?: string): void
    attachListeners(stream: EventEmitter): void
  }
}

/** Options of the driver, and options that it lacks. */
export interface ConnectionConfig extends pg.ClientConfig {
  /** Uses TLS if the server supports it: sslmode=prefer. */
  readonly tlsIsOptional?: boolean | undefined
  /** Time limit of connecting, in addition to other limits: connect_timeout. */
  readonly connectTimeoutMs?: number | undefined
  /** Limits the attempts to connect while they fail. */
  readonly gate?: ReconnectGate | undefined
}

/** Idle time before the kernel sends TCP keep-alive probes; it closes a connection that does not answer within 10 more seconds. */
export const keepAliveMs = 10_000
/** Time limit of closing; then connections are destroyed. */
export const closeMs = 500
/** Time limit of ending a connection in the protocol; then its socket is destroyed. */
const endMs = 5_000

export class Client extends pg.Client {
  readonly #connectTimeoutMs: number | undefined
  readonly #gate: ReconnectGate | undefined

  constructor(config: ConnectionConfig = {}) {
    super(config)
    // Statements report a lost connection. An error event without a listener ends the process, and the first may come with the greeting.
    this.on('error', () => undefined)
    this.#connectTimeoutMs = config.connectTimeoutMs
    this.#gate = config.gate
    const { ssl, sslNegotiation } = this
    const { keepAlive, keepAliveInitialDelayMillis, tlsIsOptional = false } = config
    const connection = new Connection(
      { ssl, sslNegotiation, keepAlive, keepAliveInitialDelayMillis },
      ssl !== false && tlsIsOptional,
    )
    // The driver adds its listeners in connect(). Its types declare the property read-only.
    Object.assign(this, { connection })
  }

  /** Closes a connection that fails. The driver leaves it open if the server waits for a password. */
  override connect(): Promise<Client>
  override connect(callback: (error: Error | null) => void): void
  override connect(callback?: (error: Error | null) => void): Promise<Client> | undefined {
    const answer = this.#gate === undefined ? super.connect() : this.#gate.run(() => super.connect())
    const timeoutMs = this.#connectTimeoutMs
    const connected = (timeoutMs === undefined ? answer : answerWithin(this, timeoutMs, answer)).then(
      () => this,
      (error: unknown) => {
        this.connection.stream.destroy()
        throw error
      },
    )
    if (callback === undefined) return connected
    connected.then(() => callback(null), callback)
    return undefined
  }

  /** Ends the connection; destroys it if the server does not close it within 5 seconds. */
  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: () => void): Promise<void> | undefined {
    const giveUp = setTimeout(() => this.connection.stream.destroy(), endMs)
    const ended = super.end().finally(() => clearTimeout(giveUp))
    if (callback === undefined) return ended
    ended.then(callback)
    return undefined
  }
}

export class Connection extends pg.Connection {
  readonly #tlsIsOptional: boolean

  constructor(config: pg.ConnectionConfig, tlsIsOptional: boolean) {
    super(config)
    this.#tlsIsOptional = tlsIsOptional
  }

  override connect(port: number | string, host?: string): void {
    super.connect(port, host)
    if (!this.#tlsIsOptional) return
    // The driver fails if the server refuses TLS. PostgreSQL still accepts an unencrypted start-up message on this connection.
    const { stream } = this
    const [negotiate] = stream.listeners('data')
    stream.removeAllListeners('data')
    stream.once('data', (answer: Buffer) => {
      if (answer.toString('latin1') !== 'N') return negotiate?.(answer)
      this.attachListeners(stream)
      this.emit('sslconnect')
    })
  }

  /** Destroys the connection on bytes that are not PostgreSQL's. The driver's parser throws on them, or waits forever. */
  override attachListeners(stream: Duplex): void {
    const received = new EventEmitter()
    super.attachListeners(received)
    const split = createSplitter({
      onRow: (fields) => this.emit('dataRow', { fields }),
      onOthers: (messages) => received.emit('data', messages),
    })
    stream.once('data', (bytes: Buffer) => {
      if (!isGreeting(bytes)) stream.destroy(new Error('received invalid response'))
    })
    stream.on('data', (bytes: Buffer) => {
      if (stream.destroyed) return
      try {
        split(bytes)
      } catch (error) {
        stream.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }
}

/** Whether bytes may start the first message of a server, as in libpq: an authentication request, error or notice of valid length. */
function isGreeting(bytes: Buffer): boolean {
  if (bytes.length < 5) return true
  const length = bytes.readUInt32BE(1)
  const body = bytes.subarray(5, 1 + length)
  if (!'RENv'.includes(String.fromCharCode(bytes[0] ?? 0)) || length < 8 || length > 30_000) return false
  const isWhole = body.length === length - 4
  return bytes[0] === 'R'.charCodeAt(0) || !isWhole || (body.at(-1) === 0 && body.at(-2) === 0)
}

/** Closes the socket without waiting for the server, which may not answer. Pending statements fail with `reason`. */
export function destroyConnection(client: pg.ClientBase, reason?: Error): void {
  if (client instanceof pg.Client) client.connection.stream.destroy(reason)
}

/** Awaits an answer of the connection. Destroys the connection at the time limit, which fails its statements. */
export async function answerWithin<T>(client: pg.ClientBase, timeoutMs: number, answer: Promise<T>): Promise<T> {
  const giveUp = setTimeout(
    () => destroyConnection(client, new Error(`timeout: no answer in ${timeoutMs} ms`)),
    timeoutMs,
  )
  try {
    return await answer
  } finally {
    clearTimeout(giveUp)
  }
}
