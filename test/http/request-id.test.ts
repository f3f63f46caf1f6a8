import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { selectorNamed } from '../support/rows.ts'

const generated = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

let own: TestDatabase
let client: Client
beforeAll(async () => {
  own = await cloneDatabase('V2')
  client = await openClient(openReader(own.url))
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

async function ask(query: string, id?: string) {
  const response = await fetch(`${client.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(id === undefined ? {} : { 'x-request-id': id }) },
    body: JSON.stringify({ query }),
  })
  return { id: response.headers.get('x-request-id'), body: await response.json() }
}

describe('The request id', () => {
  it('is in the headers of every response', async () => {
    expect((await ask('{ viewer { name } }')).id).toEqual(generated)
    for (const path of ['live', 'health', 'nothing', 'graphql'])
      expect((await fetch(`${client.url}/${path}`)).headers.get('x-request-id')).toEqual(generated)
  })

  it.each(['0123456789abcdef0123456789abcdef', 'a-proxy.has_made_it'])('is taken from the proxy: %s', async (id) => {
    expect((await ask('{ viewer { name } }', id)).id).toBe(id)
  })

  it.each([
    'short',
    'x'.repeat(65),
    'with space',
    'a"quote-in-it',
    selectorNamed(1),
    selectorNamed(1).slice(0, 40),
    'sipis_0123',
  ])('is generated if the given one is not a valid id: %s', async (id) => {
    expect((await ask('{ viewer { name } }', id)).id).toEqual(generated)
  })

  it('is in server errors and in the log, and not in client errors', async () => {
    const wrong = '{ selectors(first: -1) { nodes { id } } }'
    const [one, other] = [await ask(wrong), await ask(wrong)]
    expect(one.body.errors).toHaveLength(1)
    expect(one.body).toEqual(other.body)
    await own.sql('ALTER TABLE siptextmessages RENAME TO elsewhere')
    const failed = await ask('{ messages { nodes { id } } }', 'the-id-of-the-proxy')
    await own.sql('ALTER TABLE elsewhere RENAME TO siptextmessages')
    expect(failed.body.errors[0].extensions).toEqual({
      code: 'UNAVAILABLE',
      retryAfterSeconds: 5,
      requestId: 'the-id-of-the-proxy',
    })
    expect(client.log.map((line) => JSON.parse(line))).toMatchObject([
      { code: 'UNAVAILABLE', requestId: 'the-id-of-the-proxy' },
    ])
  })
})
