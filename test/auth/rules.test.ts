import {
  buildSchema,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isIntrospectionType,
  isObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Scope } from '../../src/auth/principal.ts'
import { anonymousPrincipal, isScope } from '../../src/auth/principal.ts'
import { refusedFields } from '../../src/auth/refused-fields.ts'
import { rules, subgraphRules } from '../../src/auth/rules.ts'
import { guard } from '../../src/graph/guard.ts'
import { schema } from '../../src/graph/schema.ts'
import { federationSubgraph } from '../../src/graph/subgraph/schema.ts'

const fields = (of: GraphQLSchema) =>
  Object.values(of.getTypeMap())
    .filter((type) => isObjectType(type) && !isIntrospectionType(type))
    .flatMap((type) =>
      isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
    )

describe('The denied fields', () => {
  it('are those that require scopes the principal lacks, in any order of the scopes', () => {
    const of = (...scopes: Scope[]) => refusedFields({ ...anonymousPrincipal, scopes })
    const ofRules = (held: readonly Scope[]) =>
      [rules, subgraphRules]
        .flatMap(Object.entries<(typeof rules)[string]>)
        .flatMap(([type, lines]) =>
          Object.entries(lines).flatMap(([field, rule]) =>
            typeof rule === 'string' || rule.some((scope) => held.includes(scope)) ? [] : [`${type}.${field}`],
          ),
        )
    for (const held of [[], ['sipis:read'], ['sipis:own', 'sipis:tokens']] as const) {
      expect([...of(...held)]).toEqual(ofRules(held))
    }
    expect(of('sipis:tokens', 'sipis:read')).not.toContain('Token.token')
    expect(of('sipis:read')).toContain('Token.token')
    expect(of('sipis:tokens', 'sipis:read')).toBe(of('sipis:read', 'sipis:tokens'))
  })
})

describe('The rules', () => {
  it('cover every field of the schema, and no other', () => {
    const lines = Object.entries(rules).flatMap(([type, of]) => Object.keys(of).map((field) => `${type}.${field}`))
    expect(lines.toSorted()).toEqual(fields(schema).toSorted())
  })

  it('cover every field that only the subgraph has', () => {
    const lines = Object.entries(subgraphRules).flatMap(([type, of]) =>
      Object.keys(of).map((name) => `${type}.${name}`),
    )
    const own = fields(federationSubgraph().schema).filter((field) => /^_|\._/.test(field))
    expect(lines.toSorted()).toEqual(own.toSorted())
    expect(subgraphRules).toEqual({
      Query: { _entities: 'lookup', _service: ['sipis:ops'] },
      _Service: { sdl: 'inherited' },
    })
  })

  it('are required: the schema cannot be built if a field has none', () => {
    const query = new GraphQLObjectType({ name: 'Query', fields: { forgotten: { type: GraphQLString } } })
    expect(() => guard(new GraphQLSchema({ query }))).toThrow(/Query\.forgotten has no rule/)
    expect(() => guard(buildSchema('type Query { viewer: String }'))).toThrow(/rules for unknown fields/)
  })

  it('allow every principal only `viewer` and what a lookup returns', () => {
    const ofQuery = Object.entries(rules['Query'] ?? {}).filter(([, rule]) => rule === 'anyone' || rule === 'lookup')
    expect(ofQuery.map(([field]) => field)).toEqual(['viewer', 'node', 'nodes', 'selector'])
    const anyone = Object.values(rules).flatMap((of) => Object.values(of).filter((rule) => rule === 'anyone'))
    expect(anyone).toHaveLength(1)
  })

  it('are documented keywords or lists of scopes', () => {
    const all = Object.values(rules).flatMap((of) => Object.values(of))
    const words = new Set(all.filter((rule) => typeof rule === 'string'))
    expect(words).toEqual(new Set(['anyone', 'lookup', 'inherited']))
    for (const rule of all)
      if (typeof rule !== 'string') expect([rule.length > 0, rule.every(isScope)]).toEqual([true, true])
  })

  it('lead to objects only through a lookup, or through a list for readers', () => {
    expect(rules['Query']).toEqual({
      viewer: 'anyone',
      node: 'lookup',
      nodes: 'lookup',
      selector: 'lookup',
      selectors: ['sipis:read'],
      calls: ['sipis:read'],
      messages: ['sipis:read'],
      pushTests: ['sipis:read'],
      callStats: ['sipis:read'],
      pushTestStats: ['sipis:read'],
      topCallers: ['sipis:read'],
      tokenStats: ['sipis:read'],
      servers: ['sipis:read', 'sipis:ops'],
      tokens: ['sipis:read'],
      database: ['sipis:read', 'sipis:ops'],
    })
    const lookups = Object.entries(rules).flatMap(([type, of]) =>
      Object.keys(of).flatMap((field) => (of[field] === 'lookup' ? [`${type}.${field}`] : [])),
    )
    expect(lookups).toEqual(['Query.node', 'Query.nodes', 'Query.selector', 'Subscription.changes', 'Viewer.selector'])
  })
})
