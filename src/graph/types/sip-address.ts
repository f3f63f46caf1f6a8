import type { PeerColumns } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { ofRow } from '../of-row.ts'
import { uriOf } from '../sip-uri.ts'

export const SipAddress = builder.objectRef<PeerColumns>('SipAddress').implement({
  description:
    'Address of a caller or sender, as received in the SIP message. Parts that SIPIS did not record are null.',
  fields: (t) => ({
    uri: t.string({
      nullable: true,
      ...ofRow,
      description:
        'Complete URI as defined by RFC 3261, percent-encoded, e.g. sip:alice@example.com:5070; null if both username and ' +
        'domain are null, or the username of a tel URI. In a tel URI, the domain of a local number is its phone-context.',
      resolve: uriOf,
    }),
    scheme: t.exposeString('scheme', {
      nullable: true,
      description: 'Scheme of the URI: sip, sips or tel; null if SIPIS did not record it.',
    }),
    displayName: t.exposeString('displayName', {
      nullable: true,
      description: 'Display name as sent by the caller or sender, not verified; null if there is none.',
    }),
    username: t.exposeString('username', {
      nullable: true,
      description: 'User part: a number or a name, e.g. +420601234567 or alice; null if there is none.',
    }),
    domain: t.exposeString('domain', {
      nullable: true,
      description: 'Host part: a domain or an IP address, e.g. sip.example.com; null if there is none.',
    }),
    port: t.exposeInt('port', { nullable: true, description: 'Port; null if the address has none.' }),
  }),
})

export const SipAddressFilter = builder.inputType('SipAddressFilter', {
  description:
    'Conditions that an address must all meet. An omitted or null condition matches every address. An empty text matches ' +
    'addresses without that part.',
  fields: (t) => ({
    username: t.string({ description: 'User part; exact match, case-sensitive, e.g. +420601234567.' }),
    usernameEndsWith: t.string({
      description:
        'End of the user part, case-sensitive: finds a number with or without its prefix, e.g. 601234567. An empty text matches ' +
        'every address.',
    }),
    domain: t.string({ description: 'Host part, complete, in upper or lower case, e.g. sip.example.com.' }),
  }),
})
