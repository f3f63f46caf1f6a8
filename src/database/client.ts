/** The connection that everything uses: the driver's, without the cases in which it stays open or never answers. */
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import type { ReconnectGate } from './reconnect.ts'

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

/** What the driver takes, and what it has no word for. */
export interface ConnectionConfig extends pg.ClientConfig {
  /** Encrypts where the server offers it: sslmode=prefer. */
  readonly tlsIsOptional?: boolean | undefined
  /** How long the server may take to connect, beside all other limits: connect_timeout. */
  readonly connectTimeoutMs?: number | undefined
  /** Limits the attempts to connect while they fail. */
  readonly gate?: ReconnectGate | undefined
}

/** Idle connections are probed after so long; the kernel ends one that does not answer within 10 further seconds. */
export const keepAliveMs = 10_000
/** Closing waits so long for the server; then connections are destroyed. */
export const closeMs = 500
/** How long a server may take to hear that a connection ends. */
const goodbyeMs = 5_000

export class Client extends pg.Client {
  readonly #connectTimeoutMs: number | undefined
  readonly #gate: ReconnectGate | undefined

  constructor(config: ConnectionConfig = {}) {
    super(config)
    this.#connectTimeoutMs = config.connectTimeoutMs
    this.#gate = config.gate
    const { ssl, sslNegotiation } = this
    const { keepAlive, keepAliveInitialDelayMillis, tlsIsOptional = false } = config
    const connection = new Connection(
      { ssl, sslNegotiation, keepAlive, keepAliveInitialDelayMillis },
      ssl !== false && tlsIsOptional,
    )
    // The driver listens to it from connect() on. Its types call the property read-only.
    Object.assign(this, { connection })
  }

  /** A connection that fails is closed. The driver leaves it open where the server waits for a password. */
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

  /** Says goodbye, but does not wait for a server that is gone. */
  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: () => void): Promise<void> | undefined {
    const giveUp = setTimeout(() => this.connection.stream.destroy(), goodbyeMs)
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
    // The driver takes a refusal of TLS for a failure. PostgreSQL waits for the start-up message all the same.
    const { stream } = this
    const [negotiate] = stream.listeners('data')
    stream.removeAllListeners('data')
    stream.once('data', (answer: Buffer) => {
      if (answer.toString('latin1') !== 'N') return negotiate?.(answer)
      this.attachListeners(stream)
      this.emit('sslconnect')
    })
  }

  /** The driver's parser throws, or never ends, where the bytes are not PostgreSQL's. That ends the connection, not the process. */
  override attachListeners(stream: Duplex): void {
    const received = new EventEmitter()
    super.attachListeners(received)
    stream.once('data', (bytes: Buffer) => {
      if (!isGreeting(bytes)) stream.destroy(new Error('received invalid response'))
    })
    stream.on('data', (bytes: Buffer) => {
      if (stream.destroyed) return
      try {
        received.emit('data', bytes)
      } catch (error) {
        stream.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }
}

/** What libpq takes for the first message of a server: an authentication request, an error or a notice of a plausible length. */
function isGreeting(bytes: Buffer): boolean {
  if (bytes.length < 5) return true
  const length = bytes.readUInt32BE(1)
  const body = bytes.subarray(5, 1 + length)
  if (!'RENv'.includes(String.fromCharCode(bytes[0] ?? 0)) || length < 8 || length > 30_000) return false
  const isWhole = body.length === length - 4
  return bytes[0] === 'R'.charCodeAt(0) || !isWhole || (body.at(-1) === 0 && body.at(-2) === 0)
}

/** Ends a connection without the server, which may not answer; its statements fail with `reason`. */
export function destroyConnection(client: pg.ClientBase, reason?: Error): void {
  if (client instanceof pg.Client) client.connection.stream.destroy(reason)
}

/** Waits for what a connection is asked; one that does not answer in time is destroyed, so that its statements fail. */
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
