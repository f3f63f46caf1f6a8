import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'

let own: TestDatabase
let client: Client
beforeAll(async () => {
  own = await cloneDatabase('V2')
  client = await openClient(openReader(own.url), {
    authenticate: authenticateAs([tool('ops', 'sipis:ops'), tool('reader', 'sipis:read')]),
    rateLimits: { costPerMinute: 500 },
  })
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

const get = (credential?: string) =>
  fetch(`${client.url}/schema.graphql`, {
    headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
  })

describe('GET /schema.graphql', () => {
  it('answers schema.graphql to callers that may introspect', async () => {
    const answer = await get('ops')
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'no-store',
    ])
    expect(await answer.text()).toBe(await readFile('schema.graphql', 'utf8'))
  })

  it('is refused to all others', async () => {
    for (const [credential, status] of [
      ['reader', 403],
      ['stranger', 401],
      [undefined, 401],
    ] as const)
      expect((await get(credential)).status).toBe(status)
    const { errors } = z.object({ errors: z.array(z.unknown()) }).parse(await (await get('reader')).json())
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN', requires: ['sipis:ops'] } }])
  })

  it('counts for the rate limit of its caller', async () => {
    const statuses: number[] = []
    for (let n = 0; n < 30; n++) statuses.push((await get('ops')).status)
    expect(statuses).toContain(429)
  })
})
