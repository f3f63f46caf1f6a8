import { readFile } from 'node:fs/promises'
import { parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { openDemo } from '../src/tools/demo/demo-database.ts'
import { openClient } from './support/client.ts'
import { untilTestEnds } from './support/database.ts'

/** A selector of the demo with tokens, settings and a server. */
const name = '1E98E50411BD0ACDE9637428EC18DFCA96CC2573:5A880DCA'

describe('docs/support.md', () => {
  it('asks ten questions, whose queries the demo answers with rows and without errors', async () => {
    const text = await readFile('docs/support.md', 'utf8')
    const queries = [...text.matchAll(/```graphql\n(.*?)```/gs)].map(([, query = '']) => query)
    expect(queries).toHaveLength(10)
    const database = await openDemo('V2')
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const client = await openClient(database, { allowedSettings: ['username', 'host', 'title'] })
    const { selector } = await client.ask(`{ selector(name: "${name}") { calls(first: 1) { nodes { callId } } } }`)
    const { callId } = selector.calls.nodes[0]
    for (const query of queries) {
      const [definition] = parse(query).definitions
      const operation = definition !== undefined && 'name' in definition ? definition.name?.value : undefined
      const data = await client.ask(query, { name, callId })
      expect([operation, emptyLists(data)]).toEqual([operation, []])
    }
  })
})

/** Paths of lists without items, and of objects that are null. */
function emptyLists(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [path] : value.flatMap((one) => emptyLists(one, path))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => emptyLists(one, `${path}.${key}`))
}
