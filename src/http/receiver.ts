/** Where an answer goes: an HTTP response, or the part of a WebSocket that is one operation's. */
export interface Receiver {
  /** Whether the answer has left, or cannot leave any more. */
  readonly closed: boolean
  /** Whether the client has gone. */
  readonly destroyed: boolean
  /** 'close' is emitted once, when the receiver has closed. No `once`: its wrappers cost more than the listeners. */
  on(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}
