import { readFile } from 'node:fs/promises'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDemo } from '../src/tools/demo/demo-database.ts'
import type { Client } from './support/client.ts'
import { openClient, unlimited } from './support/client.ts'
import { variants } from './support/counts.ts'
import type { Opened } from './support/database.ts'
import { backends, untilTestEnds } from './support/database.ts'
import { addDirtyRows } from './support/dirty-rows.ts'
import { plainAnswers } from './support/plain-answers.ts'
import { addDataSet } from './support/rows.ts'

/** A selector of the demo with tokens, settings and a server. */
const name = '1E98E50411BD0ACDE9637428EC18DFCA96CC2573:5A880DCA'
const allowedSettings = ['username', 'host', 'title']

const text = await readFile('docs/support.md', 'utf8')
const queries = [...text.matchAll(/```graphql\n(.*?)```/gs)].map(([, query = '']) => query)

describe('docs/support.md', () => {
  it('asks ten questions, whose queries the demo answers with rows and without errors', async () => {
    expect(queries).toHaveLength(10)
    const database = await openDemo('V2')
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const client = await openClient(database, { allowedSettings })
    const { selector } = await client.ask(`{ selector(name: "${name}") { calls(first: 1) { nodes { callId } } } }`)
    const { callId } = selector.calls.nodes[0]
    for (const query of queries) {
      const data = await client.ask(query, { name, callId })
      expect([operationOf(query), emptyLists(data)]).toEqual([operationOf(query), []])
    }
  })
})

const contents = [
  { rows: 'dirty rows', add: addDirtyRows },
  { rows: 'the demo', add: (opened: Opened) => addDataSet(opened, { selectors: 30 }) },
]
const filled = backends.flatMap((backend) => variants(contents, 1).map((content) => ({ ...backend, ...content })))

describe.each(filled)('The questions of docs/support.md about $rows on $name', ({ version, open, add }) => {
  let opened: Opened
  let client: Client
  let asked: { name: string; callId: string }[]

  beforeAll(async () => {
    opened = await open()
    await add(opened)
    client = await openClient(opened.database, { allowedSettings, limits: unlimited })
    const [[encoding] = []] = await opened.sql('SHOW server_encoding')
    // Bytes that are not UTF-8 arrive as they are.
    if (encoding === 'SQL_ASCII') await opened.sql(`SET client_encoding = 'SQL_ASCII'`)
    const [[callId] = []] = await opened.sql(`SELECT callid FROM sipcalls WHERE callid <> '' ORDER BY callid LIMIT 1`)
    const names = await opened.sql('SELECT DISTINCT selector FROM selectors')
    asked = names
      .flatMap(([selector]) => (selector == null || selector.includes('\ufffd') ? [] : [selector]))
      .slice(0, 12)
      .map((selector) => ({ name: selector, callId: String(callId) }))
  })
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]()
    await opened?.[Symbol.asyncDispose]()
  })

  it.each(queries.map((query) => ({ operation: operationOf(query), query })))(
    '$operation is answered as by plain SQL',
    async ({ operation, query }) => {
      const answers = plainAnswers(opened.sql, version)
      const answerOf = Object.entries(answers).find(([other]) => other === operation)?.[1]
      expect(asked.length).toBeGreaterThan(5)
      for (const one of asked) {
        const { selector, ...all } = await client.ask(query, one)
        const { calls, ...others } = all
        const received = { ...others, ...(calls === undefined ? {} : { all: calls }), ...selector }
        expect([one.name, inOrder(received)]).toEqual([one.name, inOrder(await answerOf?.(one))])
      }
    },
  )
})

function operationOf(query: string): string | undefined {
  const [definition] = parse(query).definitions
  return definition !== undefined && 'name' in definition ? definition.name?.value : undefined
}

/** Parts of answers that other tests compare. */
const omitted = new Set(['uri', 'pageInfo', 'asOf'])

/** Lists sorted, without groups that were not counted; floating-point numbers to the microsecond. */
function inOrder(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (key, value: unknown) => {
    if (omitted.has(key)) return undefined
    if (typeof value === 'number') return Math.round(value * 1000 + 0.2137)
    if (!Array.isArray(value)) return value
    const rows = value.filter((row) => !(typeof row === 'object' && 'reason' in row && row.count === 0))
    return rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  })
}

/** Paths of lists without items, and of objects that are null. */
function emptyLists(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [path] : value.flatMap((one) => emptyLists(one, path))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => emptyLists(one, `${path}.${key}`))
}
