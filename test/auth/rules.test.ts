import {
  buildSchema,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isIntrospectionType,
  isObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { rules } from '../../src/auth/rules.ts'
import { guard } from '../../src/graph/guard.ts'
import { schema } from '../../src/graph/schema.ts'

const fields = (of: GraphQLSchema) =>
  Object.values(of.getTypeMap())
    .filter((type) => isObjectType(type) && !isIntrospectionType(type))
    .flatMap((type) =>
      isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
    )

describe('The rules', () => {
  it('have a line for every field of the schema, and none beside', () => {
    const lines = Object.entries(rules).flatMap(([type, of]) => Object.keys(of).map((field) => `${type}.${field}`))
    expect(lines.toSorted()).toEqual(fields(schema).toSorted())
  })

  it('leave no field out unnoticed: without its line the schema cannot be made', () => {
    const query = new GraphQLObjectType({ name: 'Query', fields: { forgotten: { type: GraphQLString } } })
    expect(() => guard(new GraphQLSchema({ query }))).toThrow(/Query\.forgotten has no rule/)
    expect(() => guard(buildSchema('type Query { viewer: String }'))).toThrow(/which the schema has not/)
  })

  it('let everybody see only who they are, and what a door gives', () => {
    const ofQuery = Object.entries(rules['Query'] ?? {}).filter(([, rule]) => rule === 'anyone' || rule === 'door')
    expect(ofQuery.map(([field]) => field)).toEqual(['viewer', 'node', 'nodes', 'selector'])
    const anyone = Object.values(rules).flatMap((of) => Object.values(of).filter((rule) => rule === 'anyone'))
    expect(anyone).toHaveLength(1)
  })
})
