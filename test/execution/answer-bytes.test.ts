import { execute, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import type { Database } from '../../src/database/database.ts'
import { schema } from '../../src/graph/schema.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { createUsage } from '../../src/loaders/usage.ts'
import { detect } from '../../src/sipis/detect.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import { openClient, unlimited } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends, untilTestEnds } from '../support/database.ts'
import { authenticateAs, device } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

/** Limits other than the response size are off. */
const affordable = { ...unlimited, responseBytes: 10_000_000 }
const emoji = '\u{1F600}'.repeat(255)
const bell = '\u0007'.repeat(255)
/** Each emoji is 12 bytes in the URI, plus scheme and host. */
const uriBytes = 255 * 12 + '"sip:@d"'.length
const aliases = (count: number, field: string) => Array.from({ length: count }, (_, n) => `f${n}: ${field}`).join(' ')

describe.each(backends.filter(({ name }) => /UTF8|PGlite, V2/.test(name)))(
  'The size of a response on $name',
  ({ open }) => {
    let opened: Opened

    beforeAll(async () => {
      opened = await open()
      await addSelector(opened, 1)
      for (let rowid = 1; rowid <= 100; rowid++) {
        const peer = { scheme: 'sip', username: emoji, domain: 'd', userdisplayname: bell, callid: '"'.repeat(200) }
        await addRow(opened, 'sipcalls', 1, { rowid, time: `2026-01-01T00:00:${rowid % 60}Z`, ...peer })
      }
      const message = { rowid: 1, time: '2026-01-01', headers: 'h', body: 'b'.repeat(6_000_000) }
      await addRow(opened, 'siptextmessages', 1, message)
    })
    afterAll(() => opened[Symbol.asyncDispose]())

    /** Executes a query alone, and returns the counts at its end. */
    async function counted(query: string, maxBytes: number) {
      const usage = createUsage(maxBytes)
      const answer = usage.answer.bind(usage)
      let texts = 0
      usage.answer = (text) => {
        texts++
        return answer(text)
      }
      const detected = await detect(opened.database)
      const projection = projectionOf(detected.version, { ...detected, timeZone: 'UTC' })
      const loaders = createLoaders(opened.database, projection, { usage, readTokens: true })
      const { database } = opened
      const contextValue = { principal: anonymousPrincipal, loaders, database, detected, usage, allowedSettings: [] }
      await execute({ schema, document: parse(query), contextValue })
      return { texts, excess: usage.excess }
    }

    it.each([
      ['uri', 'caller { uri }', uriBytes],
      ['displayName', 'caller { displayName }', 255 * 6 + 2],
      ['callId', 'callId', 200 * 2 + 2],
    ])('includes %s with its escapes when it is resolved, and stops at the limit', async (_, field, bytes) => {
      const many = aliases(40, field)
      const limit = bytes * 1_000
      const { texts, excess } = await counted(`{ calls(first: 100) { nodes { ${many} } } }`, limit)
      expect(excess?.found).toBeGreaterThan(limit)
      expect(excess?.found).toBeLessThanOrEqual(bytes * 1_001)
      expect(texts).toBe(1_001)
    })

    it('stops resolving and reading once the limit is exceeded', async () => {
      const usage = createUsage(1)
      expect(() => usage.answer('long')).toThrow('limit is 1')
      const detected = await detect(opened.database)
      const projection = projectionOf(detected.version, { ...detected, timeZone: 'UTC' })
      let statements = 0
      const database: Database = {
        query(statement, signal) {
          statements++
          return opened.database.query(statement, signal)
        },
        close: () => opened.database.close(),
      }
      const loaders = createLoaders(database, projection, { usage, readTokens: true })
      const contextValue = { principal: anonymousPrincipal, loaders, database, detected, usage, allowedSettings: [] }
      const document = parse('{ selectors { nodes { lastSeen } } calls { totalCount } database { schemaVersion } }')
      const { errors } = await execute({ schema, document, contextValue })
      expect(errors?.length).toBeGreaterThan(0)
      for (const error of errors ?? []) expect(error).toBe(usage.excess)
      expect(statements).toBe(0)
    })

    it('is reported once with the name of the limit, for any number of fields', async () => {
      const client = untilTestEnds(await openClient(opened.database, { limits: affordable }))
      const { data, errors } = await client.answer(
        `{ calls(first: 100) { nodes { ${aliases(49, 'caller { uri }')} } } viewer { name } }`,
      )
      expect(data).toBeUndefined()
      expect(errors).toEqual([
        {
          message: expect.stringContaining('LIMIT_RESPONSE_BYTES'),
          extensions: expect.objectContaining({
            code: 'TOO_COSTLY',
            setting: 'LIMIT_RESPONSE_BYTES',
            limit: 10_000_000,
          }),
        },
      ])
      expect(client.log).toEqual([])
    })

    it('cancels running statements of the operation once the limit is exceeded', async () => {
      const client = untilTestEnds(
        await openClient(opened.database, { limits: { ...affordable, responseBytes: 500_000 } }),
      )
      client.statements()
      const heavy = `calls(first: 100) { nodes { ${aliases(10, 'caller { uri }')} } }`
      const { errors } = await client.answer(`{ selectors { nodes { ${heavy} } } viewer { name } 
      selector(name: "${selectorNamed(1)}") { calls(first: 100) { nodes { selector { messages { nodes { body } } } a: callId } } } }`)
      expect(errors).toHaveLength(1)
      expect(errors?.[0]?.extensions.code).toBe('TOO_COSTLY')
      for (const { text } of client.statements()) expect(text).not.toMatch(/SELECT [^,]*"body"/)
    })

    it('counts an answer once that has an error, for which it is executed again', async () => {
      const client = untilTestEnds(await openClient(opened.database, { limits: affordable }))
      const query = '{ messages { nodes { body } } calls(first: 101) { totalCount } }'
      const { data, errors } = await client.answer(query)
      expect(data.messages.nodes[0].body).toHaveLength(6_000_000)
      expect(errors).toMatchObject([{ path: ['calls'], extensions: { code: 'BAD_USER_INPUT' } }])
    })

    it('counts a message body once when it is read and once when it is returned', async () => {
      const client = untilTestEnds(await openClient(opened.database, { limits: affordable }))
      const { messages } = await client.ask('{ messages { nodes { body } } }')
      expect(messages.nodes[0].body).toHaveLength(6_000_000)
      const { errors } = await client.answer('{ messages { nodes { a: body b: body } } }')
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['TOO_COSTLY'])
    })

    it('lists 100 errors, and the number of further ones', async () => {
      const own = device('own', selectorNamed(1), 'sipis:own')
      for (let rowid = 1; rowid <= 20; rowid++) {
        await addRow(opened, 'tokens', 1, { rowid, token: `t${rowid}`, appid: 'a' })
      }
      const client = untilTestEnds(
        await openClient(opened.database, { authenticate: authenticateAs([own]), limits: affordable }),
      )
      const query = `{ viewer { selector { tokens { nodes { ${aliases(10, 'token')} } } } } }`
      const { data, errors = [] } = await client.answer(query, {}, 'own')
      expect(data.viewer.selector.tokens.nodes).toHaveLength(20)
      expect(errors).toHaveLength(101)
      expect(errors[100]).toMatchObject({ extensions: { code: 'TOO_COSTLY', omitted: 100 } })
    })
  },
)
