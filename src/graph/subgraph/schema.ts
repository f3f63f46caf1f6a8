/** The gateway as a subgraph of Apollo Federation 2, behind a router. docs/federation.md describes it. */
import { printSchemaWithDirectives } from '@graphql-tools/utils'
import type { GraphQLFieldConfig } from 'graphql'
import { assertObjectType, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { subgraphRules } from '../../auth/rules.ts'
import type { Context } from '../context.ts'
import { guardField } from '../guard.ts'
import { schema } from '../schema.ts'
import { entitiesField } from './entities.ts'
import { renamed } from './renamed.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])'

interface Subgraph {
  readonly schema: GraphQLSchema
  /** Without what every subgraph has: `_entities`, `_service` and their types. */
  readonly sdl: string
}

let subgraph: Subgraph | undefined

/** Created when it is first used, because most gateways serve no subgraph. */
export function federationSubgraph(): Subgraph {
  subgraph ??= create()
  return subgraph
}

function create(): Subgraph {
  const named = renamed(schema)
  const sdl = `${link}\n\n${printSchemaWithDirectives(named)}\n`
  const { query, types, ...config } = named.toConfig()
  const { fields, ...queryConfig } = assertObjectType(query).toConfig()
  const Query = new GraphQLObjectType({
    ...queryConfig,
    fields: { ...fields, _entities: entitiesField(named), _service: serviceField(sdl) },
  })
  const served = new GraphQLSchema({ ...config, query: Query, types: types.filter((type) => type !== query) })
  for (const [type, rules] of Object.entries(subgraphRules)) {
    const all = assertObjectType(served.getType(type)).getFields()
    for (const field of Object.values(all).filter(({ name }) => name.startsWith('_') || type.startsWith('_')))
      guardField(field, `${type}.${field.name}`, rules[field.name])
  }
  return { schema: served, sdl }
}

function serviceField(sdl: string): GraphQLFieldConfig<unknown, Context> {
  return {
    type: new GraphQLNonNull(
      new GraphQLObjectType({
        name: '_Service',
        description: 'This subgraph.',
        fields: {
          sdl: { type: new GraphQLNonNull(GraphQLString), description: 'The SDL that `schema --subgraph` prints.' },
        },
      }),
    ),
    description: 'Describes this subgraph to a router.',
    resolve: () => ({ sdl }),
  }
}
