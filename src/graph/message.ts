import type { Owned } from '../loaders/collection.ts'
import { messageConditions } from '../loaders/filters.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { MessageRow, SelectorRow } from '../versions/projection.ts'
import { builder } from './builder.ts'
import type { ListArguments } from './connection.ts'
import { collectionConnection } from './connection.ts'
import { encodeNodeId, formatRowId } from './node-id.ts'
import { Selector } from './selector.ts'
import { SipAddress } from './sip-address.ts'
import type { TimeOrderValue } from './time-order.ts'
import { TimeOrder, timeOrder } from './time-order.ts'

type MessageShape = Owned<MessageRow>

export const Message = builder.objectRef<MessageShape>('Message')

Message.implement({
  description: 'A text message that waits until the device collects it.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Names this message, before and after a migration.',
      resolve: ({ rowid, owner }) => encodeNodeId('Message', formatRowId({ rowid, selector: owner.selector })),
    }),
    selector: t.expose('selector', { type: Selector, description: 'Whom it is for.' }),
    sender: t.expose('sender', { type: SipAddress, description: 'Who wrote.' }),
    messageId: t.exposeString('messageId', {
      description: 'The Call-ID of the MESSAGE; empty where SIPIS did not record it.',
    }),
    contentType: t.exposeString('contentType', { description: 'The media type of the body, as the sender gave it.' }),
    headers: t.string({
      description: 'The headers of the MESSAGE, as XML. Read only when asked for.',
      resolve: (message, _, { loaders }) => loaders.messageContents.headers(message),
    }),
    body: t.string({
      description:
        'The body, encrypted by SIPIS: the gateway cannot read it. It may be as long as 4 MiB, so it is read only when ' +
        'asked for; what all bodies of an answer may hold together is bounded (TOO_COSTLY).',
      resolve: (message, _, { loaders }) => loaders.messageContents.body(message),
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When the message came.' }),
  }),
})

const MessageFilter = builder.inputType('MessageFilter', {
  description: 'Which messages; what is left out or null does not restrict.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', description: 'At this instant or later.' }),
    until: t.field({ type: 'DateTime', description: 'Before this instant.' }),
    contentType: t.string({ description: 'The media type is exactly this.' }),
    senderUsername: t.string({ description: "The sender's user part is exactly this." }),
    senderDomain: t.string({ description: "The sender's domain is exactly this." }),
  }),
})

const messageArgs = builder.args((t) => ({
  filter: t.field({ type: MessageFilter, description: 'Restricts the list.' }),
  orderBy: t.field({ type: TimeOrder, defaultValue: 'NEWEST_FIRST', description: 'How the list is sorted.' }),
}))

const MessageConnection = builder.connectionObject(
  { type: Message, name: 'MessageConnection', description: 'A page of messages.' },
  { name: 'MessageEdge', description: 'A message and its position in the list.' },
)

builder.objectField(Selector, 'messages', (t) =>
  t.connection(
    {
      type: Message,
      description: 'The text messages that wait for it.',
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
      description: 'The waiting text messages of all selectors.',
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
  const conditions = messageConditions(projection.messages.columns, args.filter ?? {})
  return collectionConnection(collection, owner, timeOrder('m', projection.messages, args.orderBy), conditions, args)
}
