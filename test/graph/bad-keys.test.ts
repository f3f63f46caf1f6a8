import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeNodeId } from '../../src/graph/node-id.ts'
import { migrateServer } from '../../src/sipis/migrations.ts'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { Answer, Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import { times } from '../support/counts.ts'
import type { Opened, TestDatabase } from '../support/database.ts'
import { backends, emptyDatabase, openReader } from '../support/database.ts'
import { addDataSet, addRow, addSelector, selectorNamed } from '../support/rows.ts'

/** A field that looks up an object by a key, and whether the key is valid. */
interface EntryPoint {
  readonly type: 'String!' | 'ID!'
  readonly field: (key: string) => string
  readonly key: string
  readonly good: boolean
}

const quoted = JSON.stringify
const bySelector = (key: string, good: boolean): EntryPoint => ({
  type: 'String!',
  field: (variable) => `selector(name: ${variable}) { id __typename }`,
  key,
  good,
})
const byNode = (key: string, good: boolean): EntryPoint => ({
  type: 'ID!',
  field: (variable) => `node(id: ${variable}) { id __typename }`,
  key,
  good,
})

/** Keys are passed as variables, because a document cannot contain half of a surrogate pair. */
function questionOf(entryPoints: readonly EntryPoint[]): [string, Record<string, string>] {
  const definitions = entryPoints.map(({ type }, n) => `$k${n}: ${type}`)
  const fields = entryPoints.map(({ field }, n) => `f${n}: ${field(`$k${n}`)}`)
  const variables = Object.fromEntries(entryPoints.map(({ key }, n) => [`k${n}`, key]))
  return [`query (${definitions.join(', ')}) { ${fields.join(' ')} }`, variables]
}

/** Expected results: data, and error codes. */
function partOf({ data, errors = [] }: Answer, alias: string) {
  const own = errors.filter(({ path }) => path?.[0] === alias)
  return { data: data[alias], errors: own.map(({ path = [], extensions }) => [path.slice(1), extensions.code]) }
}

const badIds = (version: string) => [
  'nonsense',
  encodeNodeId('Call', '99999999999999999999:x'),
  encodeNodeId('Call', 'abc:x'),
  encodeNodeId('PushTest', '{}'),
  encodeNodeId('PushTest', quoted(['a', '\0'])),
  encodeNodeId('PushTest', quoted(['a', '\ud800'])),
  encodeNodeId('PushTest', quoted(['orphan', '1', '\0'])),
  encodeNodeId('PushTest', quoted(['orphan', '\udc00', 'p'])),
  // The key is a number in v1, and the selector string in v2.
  ...(version === 'V1'
    ? [
        encodeNodeId('PushTest', quoted(['orphan', '9999999999', 'p'])),
        encodeNodeId('PushTest', quoted(['orphan', 'x', 'p'])),
      ]
    : []),
]

describe.each(backends)('Invalid keys on $name', ({ version, open }) => {
  let opened: Opened
  let client: Client
  let ids: string[]
  let entryPoints: EntryPoint[]

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 4, calls: 3 })
    await addRow(opened, 'pushtests', 99, { rowid: 1_000, pushid: 'left', platform: 'apns', started: '2026-01-01' })
    client = await openClient(opened.database)
    const kinds = ['tokens', 'calls', 'messages', 'pushTests'].map((kind) => `${kind}(first: 2) { nodes { id } }`)
    const data = await client.ask(`{ selectors { nodes { id name ${kinds.join(' ')} } } pushTests { nodes { id } } }`)
    ids = [...JSON.stringify(data).matchAll(/"id":"([^"]+)"/g)].map(([, id = '']) => id)
    ids.push(encodeNodeId('Call', '9999999999:x'), encodeNodeId('Selector', 'nobody'))
    const names: string[] = data.selectors.nodes.map(({ name }: { name: string }) => name)
    entryPoints = [
      ...[...names, 'nobody', '\u{1F600}', '\ufffd'].map((name) => bySelector(name, true)),
      ...['a\0b', '\0', '\ud800', 'x\udc00'].map((name) => bySelector(name, false)),
      ...ids.map((id) => byNode(id, true)),
      ...badIds(version).map((id) => byNode(id, false)),
    ]
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  it('fail only their own field', async () => {
    const good = `b: selector(name: ${quoted(entryPoints[0]?.key)}) { id }`
    const { data, errors } = await client.answer(`{ a: selector(name: "a\\u0000b") { id } ${good} }`)
    expect(data).toEqual({ a: null, b: { id: ids[0] } })
    expect(errors).toMatchObject([{ path: ['a'], extensions: { code: 'BAD_USER_INPUT' } }])
  })

  it('return null and an error at their index in nodes', async () => {
    const list = badIds(version).flatMap((bad, n) => [ids[n % ids.length], bad])
    const { data, errors = [] } = await client.answer('query ($list: [ID!]!) { nodes(ids: $list) { id } }', { list })
    expect(data.nodes).toEqual(list.map((id, n) => (n % 2 === 0 ? { id } : null)))
    const places = errors.map(({ path, extensions }) => [...(path ?? []), extensions.code])
    expect(places.sort()).toEqual(
      badIds(version)
        .map((_, n) => ['nodes', 2 * n + 1, 'BAD_USER_INPUT'])
        .sort(),
    )
  })

  it('do not change the results of other fields, in any combination', async () => {
    const alone: ReturnType<typeof partOf>[] = []
    for (const entryPoint of entryPoints) {
      const part = partOf(await client.answer(...questionOf([entryPoint])), 'f0')
      expect(part.errors).toEqual(entryPoint.good ? [] : [[[], 'BAD_USER_INPUT']])
      alone.push(part)
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(entryPoints.length - 1), { minLength: 2, maxLength: 40 }), async (picked) => {
        const answer = await client.answer(...questionOf(picked.flatMap((index) => entryPoints[index] ?? [])))
        expect(picked.map((_, n) => partOf(answer, `f${n}`))).toEqual(picked.map((index) => alone[index]))
      }),
      { numRuns: times(300, 15) },
    )
  })
})

async function latin1(version: SchemaVersion): Promise<TestDatabase> {
  const own = await emptyDatabase('LATIN1')
  const client = new pg.Client(own.url)
  await client.connect()
  await migrateServer(client, version)
  await client.end()
  return own
}

describe('A character that the database encoding lacks', () => {
  it.each(schemaVersions)('fails only the key that contains it (%s, LATIN1)', async (version) => {
    await using own = await latin1(version)
    const target = { version, sql: own.sql }
    for (let number = 1; number <= 20; number++) await addSelector(target, number)
    await addSelector(target, 21, { selector: 'grün' })
    await using client = await openClient(openReader(own.url))
    const names = ['\u{1F600}', ...Array.from({ length: 20 }, (_, n) => selectorNamed(n + 1)), 'grün', '\u0416']
    const fields = names.map((name, n) => `f${n}: selector(name: ${quoted(name)}) { name }`)
    client.statements()
    const { data, errors } = await client.answer(`{ ${fields.join(' ')} }`)
    expect(names.map((_, n) => data[`f${n}`]?.name)).toEqual([undefined, ...names.slice(1, -1), undefined])
    expect(errors?.map(({ path, extensions }) => [path, extensions.code]).sort()).toEqual([
      [['f0'], 'BAD_USER_INPUT'],
      [['f22'], 'BAD_USER_INPUT'],
    ])
    expect(client.statements().length).toBeLessThan(25)
    expect(client.log).toEqual([])
  })

  it('in a filter causes no statement for each selector', async () => {
    await using own = await latin1('V2')
    for (let number = 1; number <= 20; number++) await addSelector({ version: 'V2', sql: own.sql }, number)
    await using client = await openClient(openReader(own.url))
    client.statements()
    const filtered = 'calls(filter: { caller: { username: "\\u0416" } }) { nodes { id } }'
    const { data, errors } = await client.answer(`{ selectors { nodes { ${filtered} } } viewer { name } }`)
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(Array.from({ length: 20 }, () => 'BAD_USER_INPUT'))
    expect(data.selectors.nodes).toEqual(Array.from({ length: 20 }, () => ({ calls: null })))
    expect(client.statements()).toHaveLength(3)
  })
})
