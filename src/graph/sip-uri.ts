import { isIPv6 } from 'node:net'
import type { PeerColumns } from '../sipis/projection.ts'

type Parts = Pick<PeerColumns, 'scheme' | 'username' | 'domain' | 'port'>

/** Runs of characters that must be escaped in the user part (RFC 3261), and in a host name. */
const notInUser = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]+/gu
const notInHost = /[^A-Za-z0-9\-_.]+/gu
/** Characters that encodeURIComponent does not escape but that a host name must not contain. */
const plainInUser = /[!~*'()]/g

/** Formats a SIP address as a URI (RFC 3261; RFC 3966 for tel). Null without user and domain; for tel, without a number. */
export function uriOf({ scheme: given, username, domain, port }: Parts): string | null {
  const scheme = given !== null && /^[a-z][a-z0-9+.-]*$/i.test(given) ? given.toLowerCase() : 'sip'
  const user = username === null ? null : escaped(username, notInUser)
  if (scheme === 'tel') return telOf(user, domain)
  if (domain === null) return user === null ? null : `${scheme}:${user}`
  return `${scheme}:${user === null ? '' : `${user}@`}${authorityOf(domain, port)}`
}

/** A tel URI has no host: the domain becomes the phone-context of a local number. Global numbers start with a plus. */
function telOf(number: string | null, domain: string | null): string | null {
  if (number === null) return null
  const isComplete = number.startsWith('+') || domain === null || number.includes(';phone-context=')
  return `tel:${number}${isComplete ? '' : `;phone-context=${escaped(domain, notInHost)}`}`
}

/** Formats host and port. Some stored domains include a port; the port of the separate column takes precedence. */
function authorityOf(domain: string, port: number | null): string {
  const [, beforeColon = '', digits = ''] = /^(.+):(\d{0,5})$/s.exec(domain) ?? []
  const isPort = Number(digits) <= 65_535 && (!beforeColon.includes(':') || addressOf(beforeColon) !== undefined)
  const carriesPort = addressOf(domain) === undefined && beforeColon !== '' && isPort
  const host = hostOf(carriesPort ? beforeColon : domain)
  const effective = port ?? (carriesPort ? Number(digits) : 0)
  return effective > 0 && effective <= 65_535 ? `${host}:${effective}` : host
}

function hostOf(host: string): string {
  const address = addressOf(host)
  return address === undefined ? escaped(host, notInHost) : `[${address}]`
}

/** Parses a host as an IPv6 address, with or without brackets. Drops the zone, which is meaningful on its own machine only. */
function addressOf(host: string): string | undefined {
  // Fast path: host names and IPv4 addresses have no colon.
  if (!host.includes(':')) return undefined
  const bare = /^\[(.*)\]$/s.exec(host)?.[1] ?? host
  return isIPv6(bare) ? bare.replace(/%.*$/s, '') : undefined
}

function escaped(text: string, characters: RegExp): string {
  return text.toWellFormed().replaceAll(characters, (found) => encodeURIComponent(found).replaceAll(plainInUser, inHex))
}

function inHex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
