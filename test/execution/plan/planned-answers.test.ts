import type { ExecutionResult } from 'graphql'
import { execute, getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Principal } from '../../../src/auth/principal.ts'
import { anonymousPrincipal } from '../../../src/auth/principal.ts'
import { defaultLimits } from '../../../src/config/limits.ts'
import { createDocuments } from '../../../src/documents/documents.ts'
import { PrintedData, printResult } from '../../../src/execution/print-result.ts'
import { createRunPlanned } from '../../../src/execution/run-planned.ts'
import { schema } from '../../../src/graph/schema.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { Opened } from '../../support/database.ts'
import { backends } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'
import { openContexts } from '../../support/reference.ts'
import { addDataSet } from '../../support/rows.ts'

const documents = createDocuments(schema, defaultLimits)
const run = createRunPlanned(schema)

/** Executes a query by its plan, and by graphql-js alone. */
async function both(opened: Opened, query: string, variables = {}, principal: Principal = anonymousPrincipal) {
  const contextFor = await openContexts(opened.database)
  const prepared = documents.prepare(query)
  let paced = 0
  const pace = {
    take(rows: number) {
      paced += rows
      return undefined
    },
  }
  const context = { ...contextFor(principal), pace }
  const { usage } = context
  const ending = new AbortController()
  const operation = { principal, prepared, operationName: null, variables, usage, ending, requestId: '' }
  const planned: ExecutionResult = await run(operation, context)
  const contextValue = contextFor(principal)
  const executed = await execute({ schema, document: prepared.document, variableValues: variables, contextValue })
  return { planned, executed, json: printResult(planned).toString(), paced }
}

describe.each(backends)('A plan on $name', ({ open }) => {
  let opened: Opened
  let client: Client
  /** Executes by graphql-js alone. */
  let withPlugins: Client
  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 3, calls: 3, messages: 1, pushTests: 1 })
    const options = { authenticate: authenticateAs([tool('reader', 'sipis:read')]) }
    client = await openClient(opened.database, options)
    withPlugins = await openClient(opened.database, { ...options, plugins: [{ onExecute: () => undefined }] })
  })
  afterAll(async () => {
    for (const each of [client, withPlugins, opened]) await each?.[Symbol.asyncDispose]()
  })

  const idsOfSelectors = async (): Promise<string[]> => {
    const { selectors } = await client.ask('{ selectors { nodes { id } } }', {}, 'reader')
    return selectors.nodes.map(({ id }: { id: string }) => id)
  }

  it.each([
    ['nothing of the database', '{ __typename viewer { name scopes } }', {}],
    ['fields of rows', '{ calls { nodes { __typename a: id b: time caller { uri port } selector { id name } } } }', {}],
    [
      'edges',
      '{ pushTests { edges { cursor node { latencyMs selectorName } } pageInfo { endCursor } totalCount } }',
      {},
    ],
    [
      'fragments on a type and its interfaces',
      '{ calls { ...C } } fragment C on CallConnection { nodes { ...A ... on Event { time } ... on Node { id } ... { callId } } } ' +
        'fragment A on Call { caller { uri } }',
      {},
    ],
    ['lists in lists', '{ selectors { nodes { name tokens { nodes { id token } } calls { nodes { id } } } } }', {}],
    ['rows whose fields have to be read', '{ calls { nodes { id selector { name calls { totalCount } } } } }', {}],
    [
      'selections that are merged',
      '{ selectors { nodes { tokens { nodes { id } } ...S } } } fragment S on Selector { tokens { nodes { token } } }',
      {},
    ],
    [
      'conditions',
      'query ($a: Boolean! $b: Boolean = false) { calls { nodes { id @include(if: $a) time @skip(if: $a) callId @skip(if: $b) } } }',
      { a: true },
    ],
    ['variables', 'query ($n: Int, $f: CallFilter) { calls(first: $n, filter: $f) { nodes { id } } }', { n: 2 }],
  ])('answers %s, as graphql-js does', async (_, query, variables) => {
    const { planned, executed, json } = await both(opened, query, variables)
    expect(planned.data).toBeInstanceOf(PrintedData)
    expect(json).toBe(JSON.stringify(executed))
  })

  it.each([
    ['introspection', getIntrospectionQuery(), {}],
    ['an error', '{ calls(first: 101) { nodes { id } } viewer { name } }', {}],
    ['a variable that has no place in its type', 'query ($n: Int!) { calls(first: $n) { nodes { id } } }', { n: 'x' }],
  ])('leaves %s to graphql-js', async (_, query, variables) => {
    const { planned, executed, json } = await both(opened, query, variables)
    expect(planned.data).not.toBeInstanceOf(PrintedData)
    expect(json).toBe(JSON.stringify(executed))
  })

  it.each([
    ['a field that a scope guards', '{ selectors { nodes { tokens { nodes { id token } } calls { nodes { id } } } } }'],
    [
      'an argument that is refused',
      '{ selectors { nodes { a: calls { nodes { id } } b: calls(first: 101) { nodes { id } } } } calls { totalCount } }',
    ],
    [
      'an item of a list',
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Selector { calls { nodes { id } } } } tokens { nodes { id } } }',
    ],
    [
      'a field beside others',
      '{ messages { nodes { body } } selector(name: " ") { id } tokens(first: -1) { nodes { id } } }',
    ],
  ])('reads nothing more than graphql-js where %s is an error', async (_, query) => {
    const variables = query.includes('$ids') ? { ids: [...(await idsOfSelectors()), 'malformed'] } : {}
    const statementsOf = async (asked: Client) => {
      asked.statements()
      const { errors } = await asked.answer(query, variables, 'reader')
      expect(errors?.length).toBeGreaterThan(0)
      return asked.statements().length
    }
    expect(await statementsOf(client)).toBe(await statementsOf(withPlugins))
  })

  it.each([
    ['beside it', '{ calls { nodes { id time } edges { node { callId } } } bad: tokens(first: 101) { totalCount } }'],
    [
      'of which selections are merged',
      '{ calls { n: nodes { id } ...C } bad: tokens(first: 101) { totalCount } } fragment C on CallConnection { n: nodes { time } }',
    ],
    [
      'that are printed in one place and not in another',
      '{ selectors { nodes { name ...S } } calls { nodes { selector { ...S calls { nodes { id } } } } } bad: tokens(first: 101) { totalCount } } ' +
        'fragment S on Selector { tokens { nodes { id } } calls { nodes { id } } }',
    ],
    [
      'of the objects that have it',
      '{ selectors { nodes { tokens { nodes { id } } bad: calls(first: 101) { nodes { id } } } } }',
    ],
    [
      'of items beside it',
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Selector { calls { nodes { id } } } } }',
    ],
    [
      'of which one shares selections with a second, and that one with a third that is not printed',
      '{ x: calls { ...A ...B } y: calls { ...B ...C } z: calls { ...C nodes { selector { calls { totalCount } } } } bad: tokens(first: 101) { totalCount } } ' +
        'fragment A on CallConnection { nodes { id } } fragment B on CallConnection { nodes { time } } fragment C on CallConnection { nodes { callId } }',
    ],
  ])('answers an error with lists %s, as graphql-js does', async (_, query) => {
    const variables = query.includes('$ids') ? { ids: [...(await idsOfSelectors()), 'malformed'] } : {}
    const { executed, json } = await both(opened, query, variables)
    expect(executed.errors?.length).toBeGreaterThan(0)
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(executed)))
  })

  it('lets others have their turn where graphql-js executes rows once more', async () => {
    const lists = '{ calls { nodes { id } } selectors { nodes { id calls { nodes { id } } } } '
    const good = await both(opened, `${lists} }`)
    const bad = await both(opened, `${lists} tokens(first: 101) { totalCount } }`)
    // The calls are printed already, but not the selectors.
    expect([good.paced, bad.paced]).toEqual([0, 3])
  })

  it('gives an empty object for a type of which nothing is selected', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Call { id } } }'
    const [id] = await idsOfSelectors()
    expect(await client.ask(query, { ids: [id, id] }, 'reader')).toEqual({ nodes: [{}, {}] })
  })

  it('gives what is there beside an item that is an error', async () => {
    const [id] = await idsOfSelectors()
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } calls(first: 1) { nodes { __typename } } }'
    const { data, errors } = await client.answer(query, { ids: [id, 'malformed'] }, 'reader')
    expect(data).toEqual({ nodes: [{ id }, null], calls: { nodes: [{ __typename: 'Call' }] } })
    expect(errors).toMatchObject([{ path: ['nodes', 1], extensions: { code: 'BAD_USER_INPUT' } }])
  })
})
