/** One socket: the states of graphql-transport-ws, and the operations that it runs. */
import { randomUUID } from 'node:crypto'
import type { ConnectionInitMessage, SubscribeMessage } from 'graphql-ws'
import { CloseCode, MessageType } from 'graphql-ws'
import type { RawData, WebSocket } from 'ws'
import type { Principal } from '../../auth/principal.ts'
import type { CallerOptions } from '../graphql/as-caller.ts'
import { identifyAgain } from '../graphql/as-caller.ts'
import { RequestDeadline } from '../graphql/request-deadline.ts'
import { Refusal } from '../refusal.ts'
import { refusalOf } from '../refusal-of.ts'
import type { Closing } from './closing.ts'
import { closingOf, serviceRestart } from './closing.ts'
import type { ClientMessage } from './message.ts'
import { ack, credentialIn, failed, messageOf, pong } from './message.ts'
import { OperationReceiver } from './operation-receiver.ts'
import type { Outbox } from './outbox.ts'
import { createOutbox } from './outbox.ts'
import { runOperation } from './run-operation.ts'

export interface SocketTimes {
  /** For the first message, connection_init. */
  readonly initMs: number
  /** Between two pings. A client that has sent nothing since the last one is gone. */
  readonly beatMs: number
  /** Between two checks of a credential. */
  readonly identifyMs: number
  /** Operations that run may go on for so long when the gateway stops. */
  readonly drainMs: number
}

export interface SessionOptions extends CallerOptions {
  readonly stalledMs: number
  readonly times: SocketTimes
  /** Runs an operation in a trace of its own. */
  readonly trace: <T>(work: () => T) => T
  /** Takes a place among the sockets of the caller. @throws Refusal 429 */
  readonly enter: (principal: Principal) => () => void
}

/** What the upgrade has said. */
export interface Upgraded {
  readonly address: string
  readonly authorization: string | undefined
  readonly wantsCost: boolean
}

/** Where there is no limit for each caller, one socket has this one. */
const mostOperations = 100

export class Session {
  readonly #socket: WebSocket
  readonly #options: SessionOptions
  readonly #upgraded: Upgraded
  readonly #outbox: Outbox
  readonly #operations = new Map<string, OperationReceiver>()
  readonly #timers: Disposable
  /** In errors that the operator has to investigate. */
  readonly #id = randomUUID()
  #state: 'opened' | 'identifying' | 'ready' | 'closing' = 'opened'
  #authorization: string | undefined
  #principal: Principal | undefined
  #isAlive = true
  #identifiedAt = 0
  #isDraining = false

  constructor(socket: WebSocket, options: SessionOptions, upgraded: Upgraded) {
    this.#socket = socket
    this.#options = options
    this.#upgraded = upgraded
    this.#outbox = createOutbox(socket, {
      stalledMs: options.stalledMs,
      onStalled: () => options.observe({ kind: 'writeStalled' }),
    })
    this.#timers = this.#startTimers()
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    for (const sign of ['ping', 'pong', 'message']) socket.on(sign, () => this.#seen())
    // What is wrong with a frame closes the socket; ws does that by itself.
    socket.on('error', () => undefined)
    socket.once('close', () => this.#closed())
  }

  /** Closes the socket when its last operation has ended. Streams are ended by those who have opened them. */
  drain(): void {
    this.#isDraining = true
    this.#restartIfIdle()
    const late = setTimeout(() => this.#restart(), this.#options.times.drainMs)
    this.#socket.once('close', () => clearTimeout(late))
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #startTimers(): Disposable {
    const { initMs, beatMs } = this.#options.times
    const init = setTimeout(() => {
      const closing = { code: CloseCode.ConnectionInitialisationTimeout, reason: 'Connection initialisation timeout' }
      if (this.#state === 'opened') this.#close(closing)
    }, initMs)
    const beat = setInterval(() => this.#beat(), beatMs)
    return {
      [Symbol.dispose]() {
        clearTimeout(init)
        clearInterval(beat)
      },
    }
  }

  #seen(): void {
    this.#isAlive = true
  }

  #beat(): void {
    // One that is not read from, because it does not read, is judged by its outbox.
    if (!this.#isAlive && !this.#socket.isPaused) this.#socket.terminate()
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#isAlive = false
    this.#socket.ping()
    const isDue = performance.now() - this.#identifiedAt >= this.#options.times.identifyMs
    // It ends the session if it fails.
    if (isDue && this.#principal !== undefined) this.#identify(this.#principal).catch(() => undefined)
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state === 'closing') return
    const text = isBinary ? '' : data.toString()
    const message = messageOf(text)
    if (message === undefined) this.#close({ code: CloseCode.BadRequest, reason: 'Invalid message received' })
    else this.#take(message, Buffer.byteLength(text))
  }

  #take(message: ClientMessage, bytes: number): unknown {
    switch (message.type) {
      case MessageType.ConnectionInit:
        return this.#initOnce(message)
      case MessageType.Ping:
        return this.#outbox.send(pong(message.payload))
      case MessageType.Pong:
        return undefined
      case MessageType.Subscribe:
        return this.#subscribe(message, bytes)
      case MessageType.Complete:
        return this.#leave(message.id)
      default:
        return message satisfies never
    }
  }

  #initOnce(message: ConnectionInitMessage): unknown {
    if (this.#state === 'opened') return this.#init(message)
    const reason = 'Too many initialisation requests'
    return this.#close({ code: CloseCode.TooManyInitialisationRequests, reason })
  }

  async #init({ payload }: ConnectionInitMessage): Promise<void> {
    this.#state = 'identifying'
    this.#authorization = credentialIn(payload) ?? this.#upgraded.authorization
    const { authenticate, enter, limits } = this.#options
    using deadline = new RequestDeadline(new OperationReceiver(), limits.operationMs)
    try {
      const principal = await deadline.wait(authenticate(this.#authorization))
      if (this.#isClosing()) return
      this.#socket.once('close', enter(principal))
      this.#principal = principal
      this.#identifiedAt = performance.now()
      this.#state = 'ready'
      await this.#outbox.send(ack)
    } catch (error) {
      this.#end(this.#refusalOf(error))
    }
  }

  #isClosing(): boolean {
    return this.#state === 'closing'
  }

  #subscribe(message: SubscribeMessage, bytes: number): unknown {
    const { id } = message
    if (this.#state !== 'ready') return this.#close({ code: CloseCode.Unauthorized, reason: 'Unauthorized' })
    if (this.#operations.has(id)) {
      return this.#close({ code: CloseCode.SubscriberAlreadyExists, reason: reasonOfTwice(id) })
    }
    if (this.#operations.size >= mostOperations) return this.#outbox.send(failed(id, tooMany.errors))
    return this.#run(message, bytes)
  }

  #run({ id, payload }: SubscribeMessage, bytes: number): unknown {
    const receiver = new OperationReceiver()
    this.#operations.set(id, receiver)
    receiver.on('close', () => this.#over(id, receiver))
    const sent = {
      ...this.#upgraded,
      id,
      payload,
      bytes,
      receiver,
      outbox: this.#outbox,
      authorization: this.#authorization,
      identify: (known: Principal) => this.#identify(known),
      onUnauthenticated: (refusal: Refusal) => this.#end(refusal),
    }
    return this.#options.trace(() => runOperation(this.#options, sent))
  }

  /** The client wants no more of an operation. */
  #leave(id: string): void {
    this.#operations.get(id)?.leave()
  }

  #over(id: string, receiver: OperationReceiver): void {
    // The client may use the id again as soon as it has left.
    if (this.#operations.get(id) === receiver) this.#operations.delete(id)
    this.#restartIfIdle()
  }

  /** @throws Refusal 401, which ends the session */
  async #identify(known: Principal): Promise<Principal> {
    try {
      this.#identifiedAt = performance.now()
      return await identifyAgain(this.#options, this.#authorization, known)
    } catch (error) {
      const refusal = this.#refusalOf(error)
      this.#end(refusal)
      throw refusal
    }
  }

  #refusalOf(error: unknown): Refusal {
    return refusalOf(error, { authorization: this.#authorization, requestId: this.#id }, this.#options.observe)
  }

  /** Ends all operations with an error, and then the socket. */
  #end(refusal: Refusal): void {
    if (this.#isClosing()) return
    for (const [id, receiver] of this.#operations) {
      void this.#outbox.send(failed(id, refusal.errorsFor(this.#id)))
      receiver.leave()
    }
    this.#close(closingOf(refusal))
  }

  #restartIfIdle(): void {
    if (this.#isDraining && this.#operations.size === 0) this.#restart()
  }

  #restart(): void {
    this.#close({ code: serviceRestart, reason: 'UNAVAILABLE: The gateway stops.' })
  }

  #close({ code, reason }: Closing): void {
    if (this.#isClosing()) return
    this.#state = 'closing'
    this.#stop()
    this.#socket.resume()
    this.#socket.close(code, reason)
  }

  #closed(): void {
    this.#state = 'closing'
    this.#stop()
  }

  #stop(): void {
    this.#timers[Symbol.dispose]()
    for (const receiver of [...this.#operations.values()]) receiver.leave()
  }
}

/** The id is the client's text. */
function reasonOfTwice(id: string): string {
  return id.length <= 30 && /^[\w-]*$/.test(id) ? `Subscriber for ${id} already exists` : 'Subscriber already exists'
}

const tooMany = new Refusal(429, 'RATE_LIMITED', `This socket runs ${mostOperations} operations. End one first.`, {
  headers: { 'retry-after': '1' },
})
