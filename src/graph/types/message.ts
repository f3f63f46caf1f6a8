import type { Owned } from '../../loaders/collection.ts'
import { messageConditions } from '../../loaders/filters.ts'
import type { Loaders } from '../../loaders/loaders.ts'
import type { MessageRow, SelectorRow } from '../../sipis/projection.ts'
import { builder } from '../builder.ts'
import type { ListArguments } from '../connection.ts'
import { collectionConnection } from '../connection.ts'
import { encodeNodeId, formatRowId } from '../node-id.ts'
import { ofRow } from '../of-row.ts'
import { nullOnError } from '../semantic-non-null.ts'
import type { TimeOrderValue } from '../time-order.ts'
import { TimeOrder, timeOrder } from '../time-order.ts'
import { Event } from './event.ts'
import { Selector } from './selector.ts'
import { SipAddress, SipAddressFilter } from './sip-address.ts'

type MessageShape = Owned<MessageRow>

const Message = builder.objectRef<MessageShape>('Message')

Message.implement({
  description: 'A text message that waits until the device collects it.',
  interfaces: [Event, builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      ...ofRow,
      description: 'Global id of this message. Opaque; a migration from schema v1 to v2 keeps it.',
      resolve: ({ rowid, owner }) => encodeNodeId('Message', formatRowId({ rowid, selector: owner.selector })),
    }),
    selector: t.expose('selector', {
      type: Selector,
      ...nullOnError,
      description: 'The selector that received the message.',
    }),
    sender: t.expose('sender', { type: SipAddress, description: 'Address of the sender.' }),
    messageId: t.exposeString('messageId', {
      nullable: true,
      description: 'Call-ID header of the MESSAGE, e.g. 4f1c2a90b7d35e68@192.0.2.17; null if SIPIS did not record it.',
    }),
    contentType: t.exposeString('contentType', {
      nullable: true,
      description:
        'Media type of the body as declared by the sender, e.g. text/plain; null if SIPIS did not record it.',
    }),
    headers: t.string({
      ...nullOnError,
      description:
        'Headers of the MESSAGE, as XML; empty if SIPIS did not record them. Read from the database only when selected.',
      resolve: (message, _, { loaders }) => loaders.messageContents.headers(message),
    }),
    body: t.string({
      ...nullOnError,
      description:
        'Body of the MESSAGE, encrypted by SIPIS; the gateway cannot decrypt it. Up to 4 MiB, so it is read from the database ' +
        'only when selected. If the bodies of a response exceed its size limit, the whole response is one error, TOO_COSTLY.',
      resolve: (message, _, { loaders }) => loaders.messageContents.body(message),
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When the message arrived.' }),
  }),
})

const MessageFilter = builder.inputType('MessageFilter', {
  description: 'Conditions that messages must all meet. An omitted or null condition matches every message.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', description: 'Arrived at or after this time.' }),
    until: t.field({ type: 'DateTime', description: 'Arrived before this time.' }),
    contentType: t.string({ description: 'Media type of the body; exact match, e.g. text/plain.' }),
    sender: t.field({ type: SipAddressFilter, description: 'Sent from an address that meets these conditions.' }),
  }),
})

const messageArgs = builder.args((t) => ({
  filter: t.field({ type: MessageFilter, description: 'Return only messages that meet these conditions.' }),
  orderBy: t.field({ type: TimeOrder, defaultValue: 'NEWEST_FIRST', description: 'Sort order, by `time`.' }),
}))

const MessageConnection = builder.connectionObject(
  { type: Message, name: 'MessageConnection', description: 'A page of messages.' },
  { name: 'MessageEdge', description: 'A message and its position in the list.' },
)

builder.objectField(Selector, 'messages', (t) =>
  t.connection(
    {
      type: Message,
      ...nullOnError,
      description: 'Text messages that wait for this selector.',
      args: messageArgs,
      resolve: (owner, args, { loaders }) => messages(loaders, owner, args),
    },
    MessageConnection,
  ),
)

builder.queryField('messages', (t) =>
  t.connection(
    {
      type: Message,
      ...nullOnError,
      description: 'Waiting text messages of all selectors.',
      args: messageArgs,
      resolve: (_, args, { loaders }) => messages(loaders, null, args),
    },
    MessageConnection,
  ),
)

interface MessageArguments extends ListArguments {
  readonly filter?: typeof MessageFilter.$inferInput | null | undefined
  readonly orderBy?: TimeOrderValue | null | undefined
}

function messages({ messages: collection, projection }: Loaders, owner: SelectorRow | null, args: MessageArguments) {
  return collectionConnection(collection, owner, projection, args, () => ({
    order: timeOrder('messages', projection.messages, args.orderBy),
    conditions: messageConditions(projection.messages.columns, args.filter ?? {}),
  }))
}
