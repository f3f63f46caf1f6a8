import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Connections } from './connections.ts'
import type { Gate } from './gate.ts'

interface Stopping {
  readonly server: Server
  readonly connections: Connections
  readonly gate: Gate
}

export interface StopOptions {
  /** How long connections are still accepted; every answer ends its connection meanwhile. */
  readonly drainMs: number
  /** How long requests may run after that. Then their connections are destroyed. */
  readonly graceMs: number
}

/** A connection that has been quiet for so long is not in use. */
const quietMs = 1_000
const checkMs = 50

/**
 * Stops a server so that no request is lost: first every answer says that its connection ends; connections that are quiet are
 * ended once they have been so for a second, because a request may be on its way on any other.
 */
export async function stopServer(
  { server, connections, gate }: Stopping,
  { drainMs, graceMs }: StopOptions,
): Promise<void> {
  connections.drain()
  await rehearseClosing()
  if (drainMs > 0) await setTimeout(drainMs)
  const giveUp = globalThis.setTimeout(() => connections.destroy(), graceMs)
  gate.hold()
  await acceptWaiting(connections)
  const closed = connections.close()
  gate.release()
  const endIdle = () => connections.endIdle(Math.min(drainMs, quietMs))
  endIdle()
  const checking = setInterval(endIdle, checkMs)
  await closed
  clearInterval(checking)
  clearTimeout(giveUp)
  // Ends the timers of node:http.
  server.close()
}

/** The first close takes four times as long, because its code is compiled then; connections that come meanwhile are reset. */
async function rehearseClosing(): Promise<void> {
  const other = new NetServer()
  await new Promise<void>((resolve) => {
    other.once('error', () => resolve())
    // Its own, also in one of several workers, which share those that they listen on.
    other.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => other.close(() => resolve()))
  })
}

/** A turn of the event loop in which nothing happens takes a hundredth of a millisecond. */
const calmMs = 0.1
const acceptMs = 2_000

/**
 * The kernel resets the connections that wait to be accepted when a server stops listening. This waits for a turn of the event loop
 * that found none, and that was so short that hardly one can have come since. A turn accepts one connection, so requests have to be
 * held back meanwhile. The caller has to stop listening at once.
 */
async function acceptWaiting(connections: Connections): Promise<void> {
  const end = performance.now() + acceptMs
  let start = performance.now()
  for (let isCalm = false; !isCalm && start < end; ) {
    const { accepted } = connections
    await setImmediate()
    const now = performance.now()
    isCalm = connections.accepted === accepted && now - start < calmMs
    start = now
  }
}
