import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import proxyAddr from 'proxy-addr'

export type ClientAddress = (request: IncomingMessage) => string

/**
 * Determines the client address for rate limits. X-Forwarded-For is forgeable, so only trusted proxies may set it. IPv6 addresses
 * are truncated to 64 bits, because a client controls the whole /64.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = proxyAddr.compile([...trustedProxies])
  const networks = new LRUCache<string, string>({ max: 1_000, memoMethod: network })
  return (request) => {
    const { remoteAddress } = request.socket
    if (remoteAddress === undefined) return 'gone'
    return networks.memo(trustedProxies.length === 0 ? remoteAddress : proxyAddr(request, trusted))
  }
}

/** Normalizes an address: IPv4 in full, the first 64 bits of IPv6, `unknown` if invalid. */
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
