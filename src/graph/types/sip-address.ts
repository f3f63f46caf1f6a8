import type { PeerColumns } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { uriOf } from '../sip-uri.ts'

export const SipAddress = builder.objectRef<PeerColumns>('SipAddress').implement({
  description:
    'Address of a caller or sender, as received in the SIP message. Parts that SIPIS did not record are empty.',
  fields: (t) => ({
    uri: t.string({
      description:
        'Complete URI as defined by RFC 3261, percent-encoded, e.g. sip:alice@example.com:5070; empty if both username and ' +
        'domain are empty, or the username of a tel URI. In a tel URI, the domain of a local number is its phone-context.',
      resolve: uriOf,
    }),
    scheme: t.exposeString('scheme', { description: 'Scheme of the URI: sip, sips or tel.' }),
    displayName: t.exposeString('displayName', {
      description: 'Display name as sent by the caller or sender. Not verified.',
    }),
    username: t.exposeString('username', {
      description: 'User part: a number or a name, e.g. +420601234567 or alice.',
    }),
    domain: t.exposeString('domain', { description: 'Host part: a domain or an IP address, e.g. sip.example.com.' }),
    port: t.exposeInt('port', { nullable: true, description: 'Port; null if the address has none.' }),
  }),
})
