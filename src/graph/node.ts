import type { FieldExtensions } from '../documents/list-size.ts'
import { BadInput } from '../loaders/bad-input.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { Identity } from '../loaders/query.ts'
import type { Usage } from '../loaders/usage.ts'
import { builder } from './builder.ts'
import type { DecodedId, NodeType } from './node-id.ts'
import { decodeNodeId, parseRowId } from './node-id.ts'
import { typed } from './type-name.ts'
import { loadPushTests, parsePushTestId } from './types/push-test.ts'

export const maxNodes = 100

type Found = object | null | Error

/** Objects of one type that are loaded together. */
interface Group {
  /**
   * @param place the place of the object in the answer
   * @throws BadInput if no object of the type has such an id
   */
  add(id: string, place: number): void
  load(put: (place: number, found: Found) => void): Promise<void>
}

function group<Key>(parse: (id: string) => Key, load: (keys: readonly Key[]) => Promise<readonly Found[]>): Group {
  const keys: Key[] = []
  const places: number[] = []
  return {
    add(id, place) {
      keys.push(parse(id))
      places.push(place)
    },
    async load(put) {
      const found = await load(keys)
      for (const [index, place] of places.entries()) put(place, found[index] ?? null)
    },
  }
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

/** What objects are loaded by. */
export interface Asked<Id> {
  readonly ids: readonly Id[]
  /** @throws BadInput if an id is malformed */
  readonly decode: (id: Id) => DecodedId
  readonly loaders: Loaders
  readonly argumentOf: (place: number) => readonly (string | number)[]
}

/** The objects with these ids, in their order. What is malformed has its error in its place. */
async function loadNodes<Id>({ ids, decode, loaders, argumentOf }: Asked<Id>): Promise<Found[]> {
  const answer = new Array<Found>(ids.length).fill(null)
  const groups = new Map<NodeType, Group>()
  const put = (place: number, found: Found) => {
    answer[place] = found instanceof BadInput ? found.of(argumentOf(place)) : found
  }
  for (const [place, id] of ids.entries()) {
    try {
      const { typename: type, id: key } = decode(id)
      const ofType = groups.get(type) ?? kinds[type](loaders)
      ofType.add(key, place)
      groups.set(type, ofType)
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
      put(place, error)
    }
  }
  const loadGroup = ([type, ofType]: readonly [NodeType, Group]) =>
    ofType.load((place, found) => put(place, found === null || found instanceof Error ? found : typed(found, type)))
  await Promise.all([...groups].map(loadGroup))
  return answer
}

/** As `loadNodes`, for the answer: graphql-js reports an Error in a list as the error of that item. */
export async function loadList<Id>(asked: Asked<Id>, usage: Usage): Promise<Found[]> {
  const found = await loadNodes(asked)
  return found.map((one) => (one instanceof Error ? usage.failed(one) : one))
}

/** How many are asked for: one may be given without a list. */
export function sizeOf(ids: unknown): number {
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
      const [found = null] = await loadNodes({ ids: [id], decode: decodeNodeId, loaders, argumentOf: () => ['id'] })
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
      return loadList({ ids, decode: decodeNodeId, loaders, argumentOf: (place) => ['ids', place] }, usage)
    },
  }),
}))
