import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyAddr from 'proxy-addr'

export type ClientAddress = (request: IncomingMessage) => string

/**
 * The address that limits are counted for. X-Forwarded-For can be made up by anybody, so it is believed only of the proxies that
 * are named. Of IPv6 the first 64 bits count: whoever has one address of such a network has all of them.
 */
export function openClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = proxyAddr.compile([...trustedProxies])
  return (request) => {
    if (request.socket.remoteAddress === undefined) return 'gone'
    return network(proxyAddr(request, trusted))
  }
}

export function network(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')
    : parsed.toString()
}
