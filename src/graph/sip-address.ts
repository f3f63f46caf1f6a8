import type { PeerColumns } from '../versions/projection.ts'
import { builder } from './builder.ts'

export const SipAddress = builder.objectRef<PeerColumns>('SipAddress').implement({
  description: 'Who called or wrote, as the SIP message had it. Parts that SIPIS did not record are empty.',
  fields: (t) => ({
    uri: t.string({
      description:
        'The parts as one URI after RFC 3261, e.g. sip:alice@example.com:5070; empty where there is neither user nor domain.',
      resolve: uriOf,
    }),
    scheme: t.exposeString('scheme', { description: 'The scheme of the URI: sip, sips or tel.' }),
    displayName: t.exposeString('displayName', {
      description: "The name that the caller's side gave. Nobody has verified it.",
    }),
    username: t.exposeString('username', { description: 'The user part: a number or a name.' }),
    domain: t.exposeString('domain', { description: 'The host part: a domain or an address.' }),
    port: t.exposeInt('port', { nullable: true, description: 'The port; null where the address names none.' }),
  }),
})

/** Characters that RFC 3261 lets stand in the user part; all others are escaped, those that follow one another at once. */
const escaped = /[^A-Za-z0-9\-_.!~*'()&=+$,;?/]+/gu
/** Most users are numbers and plain names. */
const plain = /^[A-Za-z0-9\-_.]*$/

export function uriOf({ scheme, username, domain, port }: PeerColumns): string {
  if (username === '' && domain === '') return ''
  const user = plain.test(username) ? username : username.toWellFormed().replaceAll(escaped, encodeURIComponent)
  const prefix = `${scheme === '' ? 'sip' : scheme}:`
  if (domain === '') return prefix + user
  const host = domain.includes(':') && !domain.startsWith('[') ? `[${domain}]` : domain
  return prefix + (user === '' ? '' : `${user}@`) + host + (port === null ? '' : `:${port}`)
}
