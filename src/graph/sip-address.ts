import type { PeerColumns } from '../versions/projection.ts'
import { builder } from './builder.ts'
import { uriOf } from './sip-uri.ts'

export const SipAddress = builder.objectRef<PeerColumns>('SipAddress').implement({
  description: 'Who called or wrote, as the SIP message had it. Parts that SIPIS did not record are empty.',
  fields: (t) => ({
    uri: t.string({
      description:
        'The parts as one URI after RFC 3261, e.g. sip:alice@example.com:5070, with all other characters escaped; empty where ' +
        'there is neither user nor domain. A tel URI has no host: the domain of a local number is its phone-context.',
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
