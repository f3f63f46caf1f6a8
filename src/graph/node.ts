import type { FieldExtensions } from '../documents/list-size.ts'
import { BadInput } from '../loaders/bad-input.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { Identity } from '../loaders/query.ts'
import { builder } from './builder.ts'
import type { NodeType } from './node-id.ts'
import { decodeNodeId, parseRowId } from './node-id.ts'
import { typed } from './type-name.ts'
import { loadPushTests, parsePushTestId } from './types/push-test.ts'

export const maxNodes = 100

/** Objects of one type that are loaded together. */
interface Group {
  /**
   * @returns the place of its object among the loaded ones
   * @throws BadInput if no object of the type has such an id
   */
  add(id: string): number
  load(): Promise<readonly Found[]>
}

type Found = object | null | Error

function group<Key>(parse: (id: string) => Key, load: (keys: readonly Key[]) => Promise<readonly Found[]>): Group {
  const keys: Key[] = []
  return { add: (id) => keys.push(parse(id)) - 1, load: () => load(keys) }
}

const kinds: Readonly<Record<NodeType, (loaders: Loaders) => Group>> = {
  Selector: ({ selectors }) => group(String, selectors.byNames),
  Token: ({ tokens }) => group(identityOf, tokens.byIdentities),
  Call: ({ calls }) => group(identityOf, calls.byIdentities),
  Message: ({ messages }) => group(identityOf, messages.byIdentities),
  PushTest: (loaders) => group(parsePushTestId, (ids) => loadPushTests(ids, loaders)),
}

function identityOf(id: string): Identity {
  const { rowid, selector } = parseRowId(id)
  return { selector, value: rowid }
}

/** An object of a group, or why there is none. */
type Place = { readonly type: NodeType; readonly index: number } | Error

/** The objects with these ids, in their order. What is malformed has its error in its place. */
async function loadNodes(
  nodeIds: readonly string[],
  loaders: Loaders,
  argumentOf: (index: number) => readonly (string | number)[],
): Promise<Found[]> {
  const groups = new Map<NodeType, Group>()
  const places = nodeIds.map((nodeId, index) => placeOf(nodeId, groups, loaders, argumentOf(index)))
  const found = new Map<NodeType, readonly Found[]>()
  await Promise.all([...groups].map(async ([type, ofType]) => found.set(type, await ofType.load())))
  return places.map((place, index) => {
    if (place instanceof Error) return place
    const object = found.get(place.type)?.[place.index] ?? null
    if (object instanceof BadInput) return object.of(argumentOf(index))
    return object === null || object instanceof Error ? object : typed(object, place.type)
  })
}

function placeOf(
  nodeId: string,
  groups: Map<NodeType, Group>,
  loaders: Loaders,
  argument: readonly (string | number)[],
): Place {
  try {
    const { typename: type, id } = decodeNodeId(nodeId)
    const ofType = groups.get(type) ?? kinds[type](loaders)
    const index = ofType.add(id)
    groups.set(type, ofType)
    return { type, index }
  } catch (error) {
    if (error instanceof BadInput) return error.of(argument)
    throw error
  }
}

/** Loads an object by what follows the type in its id. */
export async function loadByKey(type: NodeType, key: string, loaders: Loaders): Promise<object | null> {
  const ofType = kinds[type](loaders)
  ofType.add(key)
  const [found = null] = await ofType.load()
  if (found instanceof Error) throw found
  return found === null ? null : typed(found, type)
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
    resolve: async (_, { id }, { loaders }) => {
      const [found = null] = await loadNodes([id], loaders, () => ['id'])
      if (found instanceof Error) throw found
      return found
    },
  }),
  nodes: t.field({
    type: [builder.nodeInterfaceRef()],
    nullable: { list: false, items: true },
    extensions: { listSize: (argument) => sizeOf(argument('ids')), assumedSize: maxNodes } satisfies FieldExtensions,
    description:
      `The objects with these ids, at most ${maxNodes}, in the order of \`ids\`. An item is null if the object does not exist or the ` +
      'caller may not read it. A malformed id is BAD_USER_INPUT for its item only.',
    args: { ids: t.arg.idList({ required: true, description: `Global ids, at most ${maxNodes}.` }) },
    resolve: async (_, { ids }, { loaders, usage }) => {
      if (ids.length > maxNodes) {
        throw new BadInput(
          `nodes takes at most ${maxNodes} ids, but ${ids.length} are given. Split them over several requests.`,
          ['ids'],
        )
      }
      const found = await loadNodes(ids, loaders, (index) => ['ids', index])
      // graphql-js reports an Error in a list as the error of that item.
      return found.map((one) => (one instanceof Error ? usage.failed(one) : one))
    },
  }),
}))
