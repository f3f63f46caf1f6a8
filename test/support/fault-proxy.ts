/** A TCP proxy that injects network faults into connections to a server. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

interface Link {
  readonly outer: Socket
  readonly inner: Socket
  isSilent: boolean
  /** Number of bytes from the server to forward before the connection is closed; undefined for all. */
  bytesLeft: number | undefined
  /** The next answer of the server is lost with the connection. */
  isAnswerLost: boolean
}

export interface FaultProxy extends AsyncDisposable {
  /** The URL of the server, through the proxy. */
  readonly url: string
  /** Number of open connections. */
  readonly connections: number
  /** Drops all data of existing connections and keeps them open; new connections work. */
  silence(): void
  /** Drops all data of existing and new connections, until `heal`. */
  silenceAll(): void
  /** Makes new connections work again. Silent ones stay silent. */
  heal(): void
  /** Heals, and resets every connection. */
  resume(): void
  /** Resets every connection. */
  reset(): void
  /** Refuses new connections until `heal`, and resets existing ones. */
  refuse(): void
  /** Closes each existing connection after a number of further bytes from the server. */
  cutAfter(bytes: number): void
  /** Sends invalid bytes to each client. */
  inject(bytes: Buffer): void
  /** Resets a connection in place of the answer to this text of its client. */
  loseAnswerTo(text: string): void
  /** Delays the first bytes of new connections, such as cancel requests. */
  delayNew(ms: number): void
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const url = new URL(target)
  const targetPort = Number(url.port)
  const links = new Set<Link>()
  let isSilent = false
  let isRefusing = false
  let delayMs = 0
  let unanswered: string | undefined

  const server = createServer(async (outer) => {
    outer.on('error', () => undefined)
    if (isRefusing) return void outer.resetAndDestroy()
    outer.pause()
    if (delayMs > 0) await sleep(delayMs)
    const inner = connect(targetPort, url.hostname)
    inner.on('error', () => undefined)
    const link: Link = { outer, inner, isSilent, bytesLeft: undefined, isAnswerLost: false }
    links.add(link)
    outer.on('close', () => {
      links.delete(link)
      inner.destroy()
    })
    // On a silent network, the end of the server is not visible either.
    inner.on('close', () => {
      if (!link.isSilent) outer.destroy()
    })
    outer.on('data', (bytes) => {
      if (unanswered !== undefined && bytes.includes(unanswered)) link.isAnswerLost = true
      if (!link.isSilent) inner.write(bytes)
    })
    inner.on('data', (bytes) => forward(link, bytes))
    outer.resume()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  url.port = String(typeof address === 'object' ? address?.port : '')
  const heal = () => {
    isSilent = false
    isRefusing = false
    delayMs = 0
  }
  const each = (change: (link: Link) => void) => {
    for (const link of links) change(link)
  }
  const reset = () => each(({ outer }) => outer.resetAndDestroy())
  const silence = () => each((link) => Object.assign(link, { isSilent: true }))

  return {
    url: url.href,
    get connections() {
      return links.size
    },
    silence,
    silenceAll() {
      isSilent = true
      silence()
    },
    heal,
    resume() {
      heal()
      reset()
    },
    reset,
    refuse() {
      isRefusing = true
      reset()
    },
    cutAfter: (bytes) => each((link) => Object.assign(link, { bytesLeft: bytes })),
    inject: (bytes) => each(({ outer }) => outer.write(bytes)),
    loseAnswerTo(text) {
      unanswered = text
    },
    delayNew(ms) {
      delayMs = ms
    },
    async [Symbol.asyncDispose]() {
      each(({ outer, inner }) => {
        outer.destroy()
        inner.destroy()
      })
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(link: Link, bytes: Buffer): void {
  if (link.isSilent) return
  if (link.isAnswerLost) return void link.outer.resetAndDestroy()
  if (link.bytesLeft === undefined) return void link.outer.write(bytes)
  const passed = bytes.subarray(0, link.bytesLeft)
  link.bytesLeft -= passed.length
  link.outer.write(passed)
  if (link.bytesLeft === 0) link.outer.end(() => link.outer.destroy())
}
