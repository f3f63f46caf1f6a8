import type { Order } from '../../loaders/keyset.ts'
import type { Selectors } from '../../loaders/selectors.ts'
import type { Projection, SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import { connectionOf } from '../connection.ts'
import { encodeNodeId } from '../node-id.ts'
import { ofRow } from '../of-row.ts'
import { nullOnError } from '../semantic-non-null.ts'
import { checkedFilter, SelectorFilter } from './selector-filter.ts'

export const Selector = builder.objectRef<SelectorRow>('Selector')

Selector.implement({
  description:
    'One SIP account on one installation of an app, for which SIPIS runs a SIP client. It owns push tokens, missed calls, ' +
    'waiting messages, push tests and settings.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      ...ofRow,
      description: 'Global id of this selector. Opaque; a migration from schema v1 to v2 keeps it.',
      resolve: ({ selector }) => encodeNodeId('Selector', selector),
    }),
    name: t.exposeString('selector', {
      description:
        'The selector string: 40 hexadecimal digits that identify the account, a colon and a suffix that identifies the ' +
        'installation, e.g. 12869E0E6E553673C54F29105A0647204C416A2A:7C3A0D14. Not a secret.',
    }),
    lastSeen: t.expose('lastSeen', {
      type: 'DateTime',
      ...nullOnError,
      description: 'When the installation last contacted SIPIS.',
    }),
  }),
})

const SelectorOrder = builder.enumType('SelectorOrder', {
  description: 'Sort order of selectors.',
  values: {
    LAST_SEEN_DESC: { description: 'Most recently seen first.' },
    LAST_SEEN_ASC: { description: 'Least recently seen first.' },
    NAME_ASC: { description: 'Ascending by name, in the collation of the database.' },
  } as const,
})

const SelectorConnection = builder.connectionObject(
  { type: Selector, name: 'SelectorConnection', description: 'A page of selectors.' },
  { name: 'SelectorEdge', description: 'A selector and its position in the list.' },
)

builder.objectFields(Selector, (t) => ({
  installations: t.connection(
    {
      type: Selector,
      ...nullOnError,
      extensions: { ...nullOnError.extensions, readingCost: () => 100 },
      description:
        'The other installations of the same account: selectors with the same first 40 characters, without this one, most recently seen ' +
        'first. Empty without the scope sipis:read, because a device reads no other selector.',
      resolve: (owner, page, { loaders: { installations, projection } }) =>
        connectionOf(selectorOrder(projection, 'LAST_SEEN_DESC'), page, {
          page: (window) => installations.pageOf(owner, { window, conditions: [], signature: JSON.stringify(page) }),
          count: (conditions) =>
            installations.countOf(owner, {
              conditions,
              signature: JSON.stringify(conditions.length === 0 ? [] : [page.after, page.before]),
            }),
        }),
    },
    SelectorConnection,
  ),
  server: t.string({
    nullable: true,
    description:
      'Name of the SIPIS process that runs the instance, from the newest entry of the table restart that has one, e.g. Sipis1; null if none is ' +
      'recorded, or if the gateway is not permitted to read it.',
    resolve: (owner, _, { loaders, detected }) => (detected.hasServers ? loaders.servers.ofSelector(owner) : null),
  }),
}))

builder.queryFields((t) => ({
  selector: t.field({
    type: Selector,
    nullable: true,
    description:
      'The selector with this name; null if it does not exist or the caller may not read it, indistinguishably.',
    args: {
      name: t.arg.string({
        required: true,
        description:
          'Complete selector string, case-sensitive; blanks around it are ignored, e.g. ' +
          '12869E0E6E553673C54F29105A0647204C416A2A:7C3A0D14.',
      }),
    },
    resolve: (_, { name }, { loaders }) => byForgivenName(loaders.selectors, name),
  }),
  selectors: t.connection(
    {
      type: Selector,
      ...nullOnError,
      description: 'All selectors, or those that match the filter.',
      args: {
        filter: t.arg({ type: SelectorFilter, description: 'Return only selectors that meet these conditions.' }),
        orderBy: t.arg({ type: SelectorOrder, defaultValue: 'LAST_SEEN_DESC', description: 'Sort order.' }),
      },
      resolve: (_, { filter: given, orderBy, ...page }, context) => {
        const { selectors, projection } = context.loaders
        const filter = checkedFilter(given, context)
        return connectionOf(selectorOrder(projection, orderBy ?? 'LAST_SEEN_DESC'), page, {
          page: (window) => selectors.page(filter, window),
          count: (range) => selectors.count(filter, range),
        })
      },
    },
    SelectorConnection,
  ),
}))

/** Ignores blanks around a selector, unless a selector has just these blanks. */
async function byForgivenName(selectors: Selectors, name: string): Promise<SelectorRow | null> {
  const found = await selectors.byName(name)
  const trimmed = name.trim()
  return found !== null || trimmed === name ? found : selectors.byName(trimmed)
}

function selectorOrder({ selectors }: Projection, order: typeof SelectorOrder.$inferType): Order<SelectorRow> {
  if (order === 'NAME_ASC') return { name: 'selectorsByName', columns: selectors.alphabetical, descending: false }
  return { name: 'selectorsByLastSeen', columns: selectors.order, descending: order === 'LAST_SEEN_DESC' }
}
