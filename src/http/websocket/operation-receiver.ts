import { EventEmitter } from 'node:events'
import type { Receiver } from '../receiver.ts'

/** The part of a socket that is one operation's. */
export class OperationReceiver extends EventEmitter<{ close: [] }> implements Receiver {
  #end: 'answered' | 'left' | undefined

  get closed(): boolean {
    return this.#end !== undefined
  }

  get destroyed(): boolean {
    return this.#end === 'left'
  }

  /** The whole answer has left. */
  close(): void {
    this.#settle('answered')
  }

  /** The client has gone, or wants no more of this operation. */
  leave(): void {
    this.#settle('left')
  }

  #settle(end: 'answered' | 'left'): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.emit('close')
  }
}
