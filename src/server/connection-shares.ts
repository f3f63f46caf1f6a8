import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'
import { network } from './client-address.ts'

export interface ConnectionShares {
  /** The most connections that one address may have open; of IPv6 the first 64 bits count. */
  readonly perAddress: number
  /** Proxies, whose connections are those of many callers. */
  readonly trustedProxies: readonly string[]
  /** Whether connections from this machine count too. Without it they do not, because a proxy may run here. */
  readonly loopback?: boolean
}

/** Closes connections of an address beyond its share. */
export function shareConnections(
  server: Server,
  { perAddress, trustedProxies, loopback = false }: ConnectionShares,
): void {
  const isProxy = proxyAddr.compile([...trustedProxies])
  const open = new Map<string, number>()
  const isExempt = (address: string) =>
    !ipaddr.isValid(address) || (!loopback && ipaddr.process(address).range() === 'loopback') || isProxy(address, 0)

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    if (remoteAddress === undefined || isExempt(remoteAddress)) return
    const address = network(remoteAddress)
    const count = (open.get(address) ?? 0) + 1
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
    if (count > perAddress) socket.destroy()
  })
}
