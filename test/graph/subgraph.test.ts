import { isScalarType, parse, visit } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import { refusedFields } from '../../src/auth/refused-fields.ts'
import { defaultLimits } from '../../src/config/limits.ts'
import { createDocuments } from '../../src/documents/documents.ts'
import { encodeNodeId } from '../../src/graph/node-id.ts'
import { schema } from '../../src/graph/schema.ts'
import { federationSubgraph } from '../../src/graph/subgraph/schema.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

const { sdl, schema: subgraph } = federationSubgraph()

describe('The SDL of the subgraph', () => {
  it('defines no type or field of Query that another service could define, but those with one meaning everywhere', () => {
    const names: string[] = []
    const add = ({ name }: { readonly name: { readonly value: string } }) => void names.push(name.value)
    visit(parse(sdl), {
      ObjectTypeDefinition: add,
      InterfaceTypeDefinition: add,
      EnumTypeDefinition: add,
      InputObjectTypeDefinition: add,
      ScalarTypeDefinition: add,
      UnionTypeDefinition: add,
      DirectiveDefinition: add,
    })
    expect(names.filter((name) => !name.startsWith('Sipis')).sort()).toEqual(['DateTime', 'Node', 'PageInfo', 'Query'])
    const fields = Object.keys(subgraph.getQueryType()?.getFields() ?? {})
    expect(fields.filter((name) => !name.startsWith('sipis'))).toEqual(['_entities', '_service'])
    expect(sdl).not.toMatch(/@(cost|listSize|semanticNonNull)/)
  })

  it('has a key for every type of Node, and the name as a second one of selectors', () => {
    const keys = [...sdl.matchAll(/^type (\w+) implements .*?((?: @key\(fields: "\w+"\))+) \{$/gm)]
    expect(keys.map(([, type, key]) => `${type}${key}`)).toEqual([
      'SipisCall @key(fields: "id")',
      'SipisMessage @key(fields: "id")',
      'SipisPushTest @key(fields: "id")',
      'SipisSelector @key(fields: "id") @key(fields: "name")',
      'SipisToken @key(fields: "id")',
    ])
    expect(sdl).toContain('type PageInfo @shareable {')
  })

  it('has every type of the API but Viewer and Subscription', () => {
    const types = Object.values(schema.getTypeMap()).filter(
      (type) => !isScalarType(type) && !type.name.startsWith('__'),
    )
    const missing = types.filter(({ name }) => !(subgraph.getType(`Sipis${name}`) ?? subgraph.getType(name)))
    expect(missing.map(({ name }) => name).sort()).toEqual(['Subscription', 'Viewer'])
  })
})

describe('The cost in the subgraph', () => {
  const costOf = (query: string, variables = {}) => {
    const prepared = createDocuments(subgraph, defaultLimits).prepare(query)
    const operation = prepared.operation(undefined)
    return (
      operation && prepared.cost(operation, variables, refusedFields({ ...anonymousPrincipal, scopes: ['sipis:read'] }))
    )
  }

  it('counts each representation', () => {
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on SipisSelector { id lastSeen } } }'
    const representation = { __typename: 'SipisSelector', name: 'x' }
    // Their 2,900 characters weigh 2.
    expect(costOf(query, { r: Array(100).fill(representation) })).toBe(3 + 100 * 3)
    expect(costOf(query, { r: [] })).toBe(1)
  })

  it('is that of the API for a refused field, a scan and a count', () => {
    expect(costOf('{ sipisSelector(name: "x") { settings { name } } }')).toBe(1 + 25)
    expect(costOf('{ sipisSelectors(filter: { prefix: "1" }, first: 1) { nodes { id } } }')).toBe(1 + 1 + 2 + 1_000)
    expect(costOf('{ sipisSelectors(filter: { suffix: "1" }, first: 1) { nodes { id } } }')).toBe(1 + 1 + 2)
    expect(costOf('{ sipisCalls { totalCount } }')).toBe(1 + 10 + 1_000)
  })
})

describe.each(backends.filter(({ name }) => name.includes('UTF8')))('The subgraph on $name', ({ open }) => {
  let opened: Opened
  let client: Client
  const entities = `query ($r: [_Any!]!) { _entities(representations: $r) {
    __typename ... on SipisSelector { name calls { totalCount } } ... on SipisCall { time selector { name } } } }`
  const ask = (representations: readonly unknown[], credential = 'reader') =>
    client.answer(entities, { r: representations }, credential)

  beforeAll(async () => {
    opened = await open()
    for (let n = 1; n <= 50; n++) {
      await addSelector(opened, n)
      await addRow(opened, 'sipcalls', n, { rowid: n, time: '2026-11-01 12:00:00Z' })
    }
    client = await openClient(opened.database, {
      isSubgraph: true,
      authenticate: authenticateAs([
        tool('reader', 'sipis:read'),
        tool('ops', 'sipis:ops'),
        device('phone', selectorNamed(1)),
      ]),
    })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const selector = (n: number) => ({ __typename: 'SipisSelector', name: selectorNamed(n) })
  const call = (n: number) => ({ __typename: 'SipisCall', id: encodeNodeId('Call', `${n}:${selectorNamed(n)}`) })

  it('reads 100 entities of two types with one statement for each kind of row, in their order', async () => {
    const all = Array.from({ length: 50 }, (_, n) => [selector(n + 1), call(n + 1)]).flat()
    client.statements()
    const { data, errors } = await ask(all)
    expect(errors).toBeUndefined()
    // Selectors, the count of their calls, and calls.
    expect(client.statements()).toHaveLength(3)
    expect(data._entities).toEqual(
      Array.from({ length: 50 }, (_, n) => [
        { __typename: 'SipisSelector', name: selectorNamed(n + 1), calls: { totalCount: 1 } },
        { __typename: 'SipisCall', time: '2026-11-01T12:00:00.000000Z', selector: { name: selectorNamed(n + 1) } },
      ]).flat(),
    )
  })

  it('names the types of interfaces as its own', async () => {
    const query = `{ sipisSelector(name: "${selectorNamed(1)}") { timeline { nodes { __typename ... on SipisCall { time } } } } }`
    expect((await client.ask(query, {}, 'reader')).sipisSelector.timeline.nodes).toEqual([
      { __typename: 'SipisCall', time: '2026-11-01T12:00:00.000000Z' },
    ])
  })

  it('refuses more than 100 representations', async () => {
    const { data, errors } = await ask(Array(101).fill(selector(1)))
    expect([data, errors?.map(({ extensions }) => extensions)]).toEqual([
      null,
      [{ code: 'BAD_USER_INPUT', argument: ['representations'] }],
    ])
  })

  it('refuses malformed representations each for itself', async () => {
    const bad = [
      null,
      {},
      'text',
      { __typename: 'Selector', name: selectorNamed(1) },
      { __typename: 'SipisSetting', name: 'x' },
      { __typename: 'SipisSelector' },
      { __typename: 'SipisSelector', name: 1 },
      { __typename: 'SipisSelector', name: 'a\0b' },
      { __typename: 'SipisCall', name: 'x' },
      { __typename: 'SipisCall', id: 'x' },
      { __typename: 'SipisCall', id: encodeNodeId('Selector', selectorNamed(1)) },
    ]
    const given = bad.slice(1)
    const { data, errors = [] } = await ask([...given, selector(1)])
    expect(data._entities.map((found: object | null) => found !== null)).toEqual([...given.map(() => false), true])
    expect(errors.map(({ path, extensions }) => [path, extensions])).toEqual(
      given.map((_, n) => [['_entities', n], { code: 'BAD_USER_INPUT', argument: ['representations', n] }]),
    )
    const { errors: [first] = [] } = await ask(bad.slice(0, 1))
    expect(first?.extensions.code).toBe('BAD_USER_INPUT')
  })

  it('gives null for an unknown and for a foreign entity alike', async () => {
    const { data, errors } = await ask([selector(1), selector(2), selector(99), call(1), call(2), call(99)], 'phone')
    expect(errors).toBeUndefined()
    expect(data._entities.map((found: object | null) => found !== null)).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
    ])
  })

  it('serves the SDL to callers that may introspect', async () => {
    expect(await client.ask('{ _service { sdl } }', {}, 'ops')).toEqual({ _service: { sdl } })
    const response = await fetch(`${client.url}/schema.graphql`, { headers: { authorization: 'Bearer ops' } })
    expect(await response.text()).toBe(sdl)
  })

  it('does not serve the API for clients, which does not serve the subgraph', async () => {
    const codes = async (server: Client, query: string) =>
      (await server.answer(query, {}, 'reader')).errors?.map(({ extensions }) => extensions.code)
    expect(await codes(client, '{ viewer { name } }')).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    await using api = await openClient(opened.database, {
      authenticate: authenticateAs([tool('reader', 'sipis:read')]),
    })
    expect(await codes(api, '{ _service { sdl } }')).toEqual(['GRAPHQL_VALIDATION_FAILED'])
  })
})
