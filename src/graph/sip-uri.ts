import { isIPv6 } from 'node:net'
import type { PeerColumns } from '../versions/projection.ts'

type Parts = Pick<PeerColumns, 'scheme' | 'username' | 'domain' | 'port'>

/** All but the characters that RFC 3261 allows in the user part, and in a host name: a run of them is escaped at once. */
const notInUser = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]+/gu
const notInHost = /[^A-Za-z0-9\-_.]+/gu
/** Characters that encodeURIComponent leaves as they are and that a host name cannot have. */
const plainInUser = /[!~*'()]/g

/** The parts of a SIP address as one URI after RFC 3261, or RFC 3966 for tel; empty where there is nothing to call. */
export function uriOf({ scheme: given, username, domain, port }: Parts): string {
  const scheme = /^[a-z][a-z0-9+.-]*$/i.test(given) ? given.toLowerCase() : 'sip'
  const user = escaped(username, notInUser)
  if (scheme === 'tel') return telOf(user, domain)
  if (domain === '') return user === '' ? '' : `${scheme}:${user}`
  return `${scheme}:${user === '' ? '' : `${user}@`}${authorityOf(domain, port)}`
}

/** A tel URI has no host: the domain says where a number is local. A global one, with its plus, needs none. */
function telOf(number: string, domain: string): string {
  if (number === '') return ''
  const isComplete = number.startsWith('+') || domain === '' || number.includes(';phone-context=')
  return `tel:${number}${isComplete ? '' : `;phone-context=${escaped(domain, notInHost)}`}`
}

/** Host and port. Some domains are recorded with their port; the port that has a column of its own goes before it. */
function authorityOf(domain: string, port: number | null): string {
  const [, beforeColon = '', digits = ''] = /^(.+):(\d{0,5})$/s.exec(domain) ?? []
  const isPort = Number(digits) <= 65_535 && (!beforeColon.includes(':') || addressOf(beforeColon) !== undefined)
  const carriesPort = addressOf(domain) === undefined && beforeColon !== '' && isPort
  const host = hostOf(carriesPort ? beforeColon : domain)
  const asked = port ?? (carriesPort ? Number(digits) : 0)
  return asked > 0 && asked <= 65_535 ? `${host}:${asked}` : host
}

function hostOf(host: string): string {
  const address = addressOf(host)
  return address === undefined ? escaped(host, notInHost) : `[${address}]`
}

/** The IPv6 address that a host is, with or without brackets. Its zone means something only on the machine that has seen it. */
function addressOf(host: string): string | undefined {
  // Most hosts are names and IPv4 addresses, which have no colon.
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
