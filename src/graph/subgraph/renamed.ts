import { MapperKind, mapSchema } from '@graphql-tools/utils'
import type { GraphQLTypeResolver } from 'graphql'
import {
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
  isSpecifiedDirective,
} from 'graphql'
import { nodeTypes } from '../node-id.ts'
import { isRenamed, subgraphQueryName, subgraphTypeName } from './names.ts'

/** Fields of Query that a router answers, or that say something about the caller of one service only. */
const omittedFields = new Set(['node', 'nodes', 'viewer'])
const omittedTypes = new Set(['Viewer'])

/**
 * The schema under the names of the subgraph, with the directives of Federation. Resolvers, rules and prices are those of the API.
 * The directives of the API are left out: routers do not know them, or know others of the same name.
 */
export function renamed(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(withoutSubscriptions(schema), {
    [MapperKind.DIRECTIVE]: (directive) => (isSpecifiedDirective(directive) ? directive : null),
    [MapperKind.OBJECT_TYPE]: (type) =>
      omittedTypes.has(type.name)
        ? null
        : new GraphQLObjectType({
            ...type.toConfig(),
            name: nameOf(type),
            extensions: { ...type.extensions, apiName: type.name, directives: federated(type.name) },
          }),
    [MapperKind.INTERFACE_TYPE]: (type) =>
      new GraphQLInterfaceType({ ...type.toConfig(), name: nameOf(type), resolveType: resolvingRenamed(type) }),
    [MapperKind.ENUM_TYPE]: (type) => new GraphQLEnumType({ ...type.toConfig(), name: nameOf(type) }),
    [MapperKind.INPUT_OBJECT_TYPE]: (type) =>
      new GraphQLInputObjectType({
        ...type.toConfig(),
        name: nameOf(type),
        extensions: { ...type.extensions, apiName: type.name },
      }),
    [MapperKind.QUERY_ROOT_FIELD]: (field, name) =>
      omittedFields.has(name)
        ? null
        : [
            subgraphQueryName(name),
            { ...undirected(field), extensions: { ...undirected(field).extensions, apiName: name } },
          ],
    [MapperKind.OBJECT_FIELD]: undirected,
    [MapperKind.INTERFACE_FIELD]: undirected,
    [MapperKind.INPUT_OBJECT_FIELD]: undirected,
  })
}

/** Routers subscribe to subgraphs by protocols of their own. */
function withoutSubscriptions(schema: GraphQLSchema): GraphQLSchema {
  const { subscription, types, ...config } = schema.toConfig()
  return new GraphQLSchema({ ...config, types: types.filter(({ name }) => name !== subscription?.name) })
}

/** The types of the API under their names here. */
function resolvingRenamed({ resolveType }: GraphQLInterfaceType): GraphQLTypeResolver<unknown, unknown> {
  return async (...args) => {
    const name = await resolveType?.(...args)
    return name === undefined ? undefined : subgraphTypeName({ name })
  }
}

const nameOf = (type: Parameters<typeof isRenamed>[0]) => (isRenamed(type) ? subgraphTypeName(type) : type.name)

function federated(type: string): object {
  if (type === 'PageInfo') return { shareable: {} }
  const key = (fields: string) => ({ fields })
  if (type === 'Selector') return { key: [key('id'), key('name')] }
  return nodeTypes.some((name) => name === type) ? { key: key('id') } : {}
}

function undirected<Config extends { extensions?: object | null | undefined }>(config: Config): Config {
  return { ...config, extensions: { ...config.extensions, directives: {} } }
}
