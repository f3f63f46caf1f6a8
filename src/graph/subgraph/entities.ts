/** The field `_entities` of a Federation subgraph: the objects behind the keys that other subgraphs hold. */
import type { GraphQLFieldConfig, GraphQLSchema } from 'graphql'
import { assertObjectType, GraphQLList, GraphQLNonNull, GraphQLScalarType, GraphQLUnionType } from 'graphql'
import type { FieldExtensions } from '../../documents/list-size.ts'
import { BadInput } from '../../loaders/bad-input.ts'
import type { Context } from '../context.ts'
import { loadList, maxNodes, sizeOf } from '../node.ts'
import type { DecodedId } from '../node-id.ts'
import { decodeNodeId, nodeTypes } from '../node-id.ts'
import { typeNameOf } from '../type-name.ts'
import { subgraphTypeName } from './names.ts'

/** A representation, of any form. */
const Any = new GraphQLScalarType({
  name: '_Any',
  description: 'An object with `__typename` and the fields of one of its keys.',
})

type EntitiesField = GraphQLFieldConfig<unknown, Context, { representations: readonly unknown[] }>

/** @param named the schema with the names of the subgraph */
export function entitiesField(named: GraphQLSchema): EntitiesField {
  const Entity = new GraphQLUnionType({
    name: '_Entity',
    description: 'The types that other subgraphs may refer to.',
    types: nodeTypes.map((name) => assertObjectType(named.getType(subgraphTypeName({ name })))),
    resolveType(loaded) {
      const name = typeNameOf(loaded)
      return name && subgraphTypeName({ name })
    },
  })
  return {
    type: new GraphQLNonNull(new GraphQLList(Entity)),
    description:
      `The objects with these keys, at most ${maxNodes}, in the order of \`representations\`. An item is null if the object does not exist ` +
      'or the caller may not read it. A malformed representation is BAD_USER_INPUT for its item only.',
    args: {
      representations: {
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Any))),
        description: `Keys of objects, at most ${maxNodes}.`,
      },
    },
    extensions: {
      listSize: (argument) => sizeOf(argument('representations')),
      assumedSize: maxNodes,
    } satisfies FieldExtensions,
    resolve: async (_, { representations: ids }, { loaders, usage }) => {
      if (ids.length > maxNodes) {
        throw new BadInput(
          `_entities takes at most ${maxNodes} representations, but ${ids.length} are given. Have the router batch fewer.`,
          ['representations'],
        )
      }
      const argumentOf = (place: number) => ['representations', place]
      return loadList({ ids, decode: decodeRepresentation, loaders, argumentOf }, usage)
    },
  }
}

interface Representation {
  readonly __typename?: unknown
  readonly id?: unknown
  readonly name?: unknown
}

/** @throws BadInput if the representation is malformed */
function decodeRepresentation(representation: unknown): DecodedId {
  const { __typename, id, name }: Representation = { ...Object(representation) }
  const type = nodeTypes.find((one) => subgraphTypeName({ name: one }) === __typename)
  if (type === undefined) throw new BadInput('The __typename of a representation is none of the types with a @key.')
  if (typeof id === 'string') {
    const decoded = decodeNodeId(id)
    if (decoded.typename === type) return decoded
    throw new BadInput(`The id of a representation is not of the type ${subgraphTypeName({ name: type })}.`)
  }
  // The key of a selector is its name.
  if (type === 'Selector' && typeof name === 'string') return { typename: type, id: name }
  throw new BadInput('A representation has none of the keys of its type: a string `id`, or `name` of a selector.')
}
