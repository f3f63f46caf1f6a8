/** A TCP proxy before a server, which does to connections what networks do. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

interface Link {
  readonly outer: Socket
  readonly inner: Socket
  isSilent: boolean
  /** Bytes from the server that still get through before the connection is cut; undefined for all. */
  bytesLeft: number | undefined
}

export interface FaultProxy extends AsyncDisposable {
  /** The URL of the server, through the proxy. */
  readonly url: string
  /** Connections that are open now. */
  readonly connections: number
  /** Connections that exist swallow everything in both directions and stay open; new ones work. */
  silence(): void
  /** Connections that exist and new ones swallow everything, until `heal`. */
  silenceAll(): void
  /** New connections work again. Silent ones stay silent. */
  heal(): void
  /** Heals, and resets every connection. */
  resume(): void
  /** Resets every connection. */
  reset(): void
  /** Refuses new connections, until `heal`, and resets those that exist. */
  refuse(): void
  /** Cuts each connection that exists after so many further bytes from the server. */
  cutAfter(bytes: number): void
  /** Sends bytes to each client that no server would send. */
  inject(bytes: Buffer): void
  /** Delays the first bytes of new connections, such as those of cancel requests. */
  delayNew(ms: number): void
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const url = new URL(target)
  const targetPort = Number(url.port)
  const links = new Set<Link>()
  let isSilent = false
  let isRefusing = false
  let delayMs = 0

  const server = createServer(async (outer) => {
    outer.on('error', () => undefined)
    if (isRefusing) return void outer.resetAndDestroy()
    outer.pause()
    if (delayMs > 0) await sleep(delayMs)
    const inner = connect(targetPort, url.hostname)
    inner.on('error', () => undefined)
    const link: Link = { outer, inner, isSilent, bytesLeft: undefined }
    links.add(link)
    outer.on('close', () => {
      links.delete(link)
      inner.destroy()
    })
    // What the server does is not noticed either where the network is silent.
    inner.on('close', () => {
      if (!link.isSilent) outer.destroy()
    })
    outer.on('data', (bytes) => !link.isSilent && inner.write(bytes))
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
  if (link.bytesLeft === undefined) return void link.outer.write(bytes)
  const passed = bytes.subarray(0, link.bytesLeft)
  link.bytesLeft -= passed.length
  link.outer.write(passed)
  if (link.bytesLeft === 0) link.outer.end(() => link.outer.destroy())
}
