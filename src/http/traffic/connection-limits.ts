import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'
import { network } from './client-address.ts'

export interface ConnectionLimits {
  /** Maximum number of open connections per IPv4 address or IPv6 /64. */
  readonly perAddress: number
  /** Proxies, which are exempt because they carry connections of many callers. */
  readonly trustedProxies: readonly string[]
  /** Whether loopback connections count. Default false, because a proxy may run on this machine. */
  readonly loopback?: boolean
}

/** Closes connections that exceed the limit of their address. */
export function limitConnections(
  server: Server,
  { perAddress, trustedProxies, loopback = false }: ConnectionLimits,
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
