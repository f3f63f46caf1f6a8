import type { Owned } from '../loaders/collection.ts'
import type { TokenRow } from '../versions/projection.ts'
import { builder } from './builder.ts'
import { collectionConnection } from './connection.ts'
import { encodeNodeId, formatRowId } from './node-id.ts'
import { Selector } from './selector.ts'

type TokenShape = Owned<TokenRow>

export const Token = builder.objectRef<TokenShape>('Token')

Token.implement({
  description:
    'A push token: with its appId it is enough to wake the device, so treat it as a secret. iOS has two of them per device.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Names this token, before and after a migration.',
      resolve: ({ rowid, owner }) => encodeNodeId('Token', formatRowId({ rowid, selector: owner.selector })),
    }),
    selector: t.expose('selector', { type: Selector, description: 'The installation that it wakes.' }),
    appId: t.exposeString('appId', { description: 'The app that the token is for, as the push service knows it.' }),
    token: t.exposeString('token', {
      nullable: true,
      description:
        'The push token itself, base64. It needs the scope sipis:tokens; without it the field is null with the error ' +
        'FORBIDDEN, and everything else is answered.',
    }),
    fingerprint: t.exposeString('fingerprint', {
      description:
        'The first 16 hexadecimal digits of the SHA-256 of the token: tells tokens apart without showing them.',
    }),
    lastSeen: t.expose('lastSeen', {
      type: 'DateTime',
      nullable: true,
      description: 'When the device last reported it; null where SIPIS has not recorded that.',
    }),
  }),
})

builder.objectField(Selector, 'tokens', (t) =>
  t.connection(
    {
      type: Token,
      description: 'Its push tokens, in the order in which they were stored.',
      resolve: (owner, page, { loaders }) => {
        const order = { tag: 't', columns: loaders.projection.tokens.order, descending: false }
        return collectionConnection(loaders.tokens, owner, order, [], page)
      },
    },
    { name: 'TokenConnection', description: 'A page of push tokens.' },
    { name: 'TokenEdge', description: 'A push token and its position in the list.' },
  ),
)
