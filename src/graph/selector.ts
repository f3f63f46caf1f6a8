import type { Order } from '../loaders/keyset.ts'
import type { Projection, SelectorRow } from '../versions/projection.ts'
import { builder } from './builder.ts'
import { Connection } from './connection.ts'
import { encodeNodeId } from './node-id.ts'

export const Selector = builder.objectRef<SelectorRow>('Selector')

Selector.implement({
  description:
    'One account on one installation of an app, for which SIPIS keeps a SIP client alive. The root of all else: its push ' +
    'tokens, its missed calls, its waiting messages and its push tests.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Names this selector, before and after a migration.',
      resolve: ({ selector }) => encodeNodeId('Selector', selector),
    }),
    selector: t.exposeString('selector', {
      description:
        'The string that identifies it: 40 hexadecimal digits and a suffix, e.g. ' +
        '12869E0E6E553673C54F29105A0647204C416A2A:7C3A0D14. Not a secret.',
    }),
    lastSeen: t.expose('lastSeen', { type: 'DateTime', description: 'When the installation last spoke to SIPIS.' }),
  }),
})

const SelectorFilter = builder.inputType('SelectorFilter', {
  description: 'Which selectors; what is left out or null does not restrict.',
  fields: (t) => ({
    prefix: t.string({
      description:
        'The selector starts with this. Its first 40 characters are shared by the installations of an account.',
    }),
    suffix: t.string({ description: 'What follows the first 40 characters is this, with or without its colon.' }),
    appId: t.string({ description: 'It has a push token of this app.' }),
    lastSeenSince: t.field({ type: 'DateTime', description: 'Last seen at this instant or later.' }),
    lastSeenUntil: t.field({ type: 'DateTime', description: 'Last seen before this instant.' }),
  }),
})

const SelectorOrder = builder.enumType('SelectorOrder', {
  description: 'How selectors are sorted.',
  values: {
    LAST_SEEN_DESC: { description: 'Seen most recently first.' },
    LAST_SEEN_ASC: { description: 'Seen longest ago first.' },
    SELECTOR_ASC: { description: "By the selector string, in the database's collation." },
  } as const,
})

builder.queryFields((t) => ({
  selector: t.field({
    type: Selector,
    nullable: true,
    description: 'The selector with this name; null where it is unknown or not yours, without a difference.',
    args: { selector: t.arg.string({ required: true, description: 'The whole selector, with its suffix.' }) },
    resolve: (_, { selector }, { loaders }) => loaders.selectors.byName(selector),
  }),
  selectors: t.connection(
    {
      type: Selector,
      description: 'All selectors, or those that the filter lets through.',
      args: {
        filter: t.arg({ type: SelectorFilter, description: 'Restricts the list.' }),
        orderBy: t.arg({ type: SelectorOrder, defaultValue: 'LAST_SEEN_DESC', description: 'How the list is sorted.' }),
      },
      resolve: (_, { filter, orderBy, ...page }, { loaders }) =>
        new Connection(selectorOrder(loaders.projection, orderBy ?? 'LAST_SEEN_DESC'), page, {
          page: (window) => loaders.selectors.page(filter ?? {}, window),
          count: () => loaders.selectors.count(filter ?? {}),
        }),
    },
    { name: 'SelectorConnection', description: 'A page of selectors.' },
    { name: 'SelectorEdge', description: 'A selector and its position in the list.' },
  ),
}))

function selectorOrder({ selectors }: Projection, order: typeof SelectorOrder.$inferType): Order<SelectorRow> {
  if (order === 'SELECTOR_ASC') return { tag: 's', columns: selectors.alphabetical, descending: false }
  return { tag: 'l', columns: selectors.order, descending: order === 'LAST_SEEN_DESC' }
}
