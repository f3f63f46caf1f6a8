import type { Owned } from '../../loaders/collection.ts'
import { tokenConditions } from '../../loaders/filters.ts'
import type { Loaders } from '../../loaders/loaders.ts'
import type { SelectorRow, TokenRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import type { ListArguments } from '../connection.ts'
import { collectionConnection } from '../connection.ts'
import { encodeNodeId, formatRowId } from '../node-id.ts'
import { ofRow } from '../of-row.ts'
import { nullOnError } from '../semantic-non-null.ts'
import { Selector } from './selector.ts'

type TokenShape = Owned<TokenRow>

const Token = builder.objectRef<TokenShape>('Token')

Token.implement({
  description:
    'A push token. Together with `appId` it suffices to wake the device, so treat it as a secret. An iOS device has two.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      ...ofRow,
      description: 'Global id of this token. Opaque; a migration from schema v1 to v2 keeps it.',
      resolve: ({ rowid, owner }) => encodeNodeId('Token', formatRowId({ rowid, selector: owner.selector })),
    }),
    selector: t.expose('selector', {
      type: Selector,
      ...nullOnError,
      description: 'The selector whose device the token wakes.',
    }),
    appId: t.exposeString('appId', { description: 'App identifier at the push service, e.g. com.example.phone.voip.' }),
    token: t.string({
      nullable: true,
      description:
        'The push token, base64. Requires the scope sipis:tokens: without it this field is null with the error FORBIDDEN, and ' +
        'the other fields are returned.',
      resolve({ token }, _, { usage }) {
        if (token !== null) usage.revealedTokens++
        return token
      },
    }),
    fingerprint: t.exposeString('fingerprint', {
      description:
        'First 16 hexadecimal digits of the SHA-256 of the token, e.g. 3f2a9c0b71de4586. Distinguishes tokens without revealing them.',
    }),
    lastSeen: t.expose('lastSeen', {
      type: 'DateTime',
      nullable: true,
      description: 'When the device last reported the token; null if SIPIS has not recorded it.',
    }),
  }),
})

const TokenFilter = builder.inputType('TokenFilter', {
  description: 'Conditions that push tokens must all meet. An omitted or null condition matches every token.',
  fields: (t) => ({
    appId: t.string({ description: 'App identifier; exact match, e.g. com.example.phone.voip.' }),
    lastSeenUntil: t.field({
      type: 'DateTime',
      description: 'Last reported before this time: stale tokens. Tokens without a recorded time do not match.',
    }),
    neverSeen: t.boolean({
      description: 'true: only tokens without a recorded `lastSeen`. false: only tokens with one. null: both.',
    }),
    fingerprint: t.string({
      description:
        'The `fingerprint`, 16 hexadecimal digits in upper or lower case, or all 64 digits of the SHA-256 of the token. Anything else is ' +
        'BAD_USER_INPUT.',
    }),
  }),
})

const TokenConnection = builder.connectionObject(
  { type: Token, name: 'TokenConnection', description: 'A page of push tokens.' },
  { name: 'TokenEdge', description: 'A push token and its position in the list.' },
)

builder.objectField(Selector, 'tokens', (t) =>
  t.connection(
    {
      type: Token,
      ...nullOnError,
      description: 'Push tokens of this selector, in the order they were stored.',
      resolve: (owner, page, { loaders }) => tokens(loaders, owner, page),
    },
    TokenConnection,
  ),
)

builder.queryField('tokens', (t) =>
  t.connection(
    {
      type: Token,
      ...nullOnError,
      description: 'Push tokens of all selectors, in the order they were stored. Requires the scope sipis:read.',
      args: { filter: t.arg({ type: TokenFilter, description: 'Return only tokens that meet these conditions.' }) },
      resolve: (_, args, { loaders }) => tokens(loaders, null, args),
    },
    TokenConnection,
  ),
)

interface TokenArguments extends ListArguments {
  readonly filter?: typeof TokenFilter.$inferInput | null | undefined
}

function tokens({ tokens: collection, projection }: Loaders, owner: SelectorRow | null, args: TokenArguments) {
  return collectionConnection(collection, owner, projection, args, () => ({
    order: { name: 'tokens', columns: projection.tokens.order, descending: false },
    conditions: tokenConditions(projection.tokens, args.filter ?? {}),
  }))
}
