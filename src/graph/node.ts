import { brandWithType, getTypeBrand } from '@pothos/core'
import type { FieldExtensions } from '../documents/list-size.ts'
import { BadInput } from '../loaders/bad-input.ts'
import type { Collection } from '../loaders/collection.ts'
import type { Loaders } from '../loaders/loaders.ts'
import { builder } from './builder.ts'
import type { NodeType } from './node-id.ts'
import { decodeNodeId, nodeTypes, parseRowId } from './node-id.ts'
import { Call } from './types/call.ts'
import { Message } from './types/message.ts'
import { loadPushTest, PushTest } from './types/push-test.ts'
import { Selector } from './types/selector.ts'
import { Token } from './types/token.ts'

export const maxNodes = 100

interface NodeKind {
  readonly type: Parameters<typeof brandWithType>[1]
  load(id: string, loaders: Loaders): Promise<object | null>
}

const kinds: Readonly<Record<NodeType, NodeKind>> = {
  Selector: { type: Selector, load: (id, { selectors }) => selectors.byName(id) },
  Token: { type: Token, load: (id, { tokens }) => byRowId(tokens, id) },
  Call: { type: Call, load: (id, { calls }) => byRowId(calls, id) },
  Message: { type: Message, load: (id, { messages }) => byRowId(messages, id) },
  PushTest: { type: PushTest, load: loadPushTest },
}

async function byRowId<Row>({ byIdentity }: Collection<Row>, id: string) {
  const { rowid, selector } = parseRowId(id)
  return byIdentity({ selector, value: rowid })
}

/** @throws BadInput of this argument if the id is malformed */
async function loadNode(
  nodeId: string,
  loaders: Loaders,
  argument: readonly (string | number)[],
): Promise<object | null> {
  try {
    const { typename, id } = decodeNodeId(nodeId)
    return await loadByKey(typename, id, loaders)
  } catch (error) {
    throw error instanceof BadInput ? error.of(argument) : error
  }
}

/** Loads an object by what follows the type in its id. */
export async function loadByKey(typename: NodeType, key: string, loaders: Loaders): Promise<object | null> {
  const { type, load } = kinds[typename]
  const found = await load(key, loaders)
  // Pothos resolves the concrete type of a Node from this brand.
  brandWithType(found, type)
  return found
}

/** The type of an object that was loaded by its key. */
export function nodeTypeOf(loaded: unknown): NodeType | undefined {
  const brand = getTypeBrand(loaded)
  return nodeTypes.find((name) => kinds[name].type === brand)
}

/** One id may be given without a list. */
function sizeOf(ids: unknown): number {
  return Array.isArray(ids) ? ids.length : 1
}

builder.queryFields((t) => ({
  node: t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description:
      'The object with this id; null if it does not exist or the caller may not read it. A malformed id is BAD_USER_INPUT.',
    args: {
      id: t.arg.id({
        required: true,
        description: 'Global id of a Selector, Token, Call, Message or PushTest, from its `id` field.',
      }),
    },
    resolve: (_, { id }, { loaders }) => loadNode(id, loaders, ['id']),
  }),
  nodes: t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    extensions: { listSize: (argument) => sizeOf(argument('ids')), assumedSize: maxNodes } satisfies FieldExtensions,
    description:
      `The objects with these ids, at most ${maxNodes}, in the order of \`ids\`. An item is null if the object does not exist or the ` +
      'caller may not read it. A malformed id is BAD_USER_INPUT for its item only.',
    args: { ids: t.arg.idList({ required: true, description: `Global ids, at most ${maxNodes}.` }) },
    resolve: (_, { ids }, { loaders, usage }) => {
      // graphql-js reports an Error in a list as the error of that item.
      if (ids.length <= maxNodes)
        return Promise.all(ids.map((id, index) => loadNode(id, loaders, ['ids', index]).catch(usage.failed)))
      throw new BadInput(
        `nodes takes at most ${maxNodes} ids, but ${ids.length} are given. Split them over several requests.`,
        ['ids'],
      )
    },
  }),
}))
