import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConnectionString } from '../../src/config/connection-string.ts'
import { openEmbedded, startEmbedded } from '../../src/database/embedded.ts'
import { prepareSession, readingSettings } from '../../src/database/session.ts'
import { openRateLimits } from '../../src/http/traffic/rate-limit.ts'
import { detect } from '../../src/sipis/detect.ts'
import { emptyTables } from '../../src/sipis/migrations.ts'
import { examine } from '../../src/tools/check/report.ts'
import { openClient } from '../support/client.ts'
import { run } from '../support/command.ts'
import { runCopy } from '../support/copying.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

/** Puts schema public before pg_catalog, and creates a shadowing object in it for every object of pg_catalog. */
async function makeHostile({ sql, url }: TestDatabase): Promise<void> {
  await sql(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path TO public, pg_catalog`)
  await sql(await readFile('test/support/hostile-schema.sql', 'utf8'))
}

const peer = 'uri scheme displayName username domain port'
const page = 'totalCount pageInfo { startCursor endCursor hasNextPage hasPreviousPage }'
const calls = `nodes { id time callId missedReason caller { ${peer} } selector { name } } ${page}`
const messages = `nodes { id time messageId contentType headers body sender { ${peer} } } ${page}`
const pushTests = `nodes { id pushId platform started concluded latencyMs selector { name } } ${page}`
const tokens = `nodes { id appId token fingerprint lastSeen } ${page}`
const period = 'since: "2000-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z"'
const seen = 'lastSeenSince: "2000-01-01T00:00:00Z", lastSeenUntil: "2100-01-01T00:00:00Z"'
const selectorFields = `id name lastSeen tokens(first: 2) { ${tokens} } calls(first: 2) { ${calls} }
  messages(last: 2) { ${messages} } pushTests(first: 2) { ${pushTests} } settings(names: ["title"]) { name value }`

const everything = [
  `{ database { schemaVersion serverVersion encoding tableVersions { name version } } viewer { name scopes } }`,
  `{ selectors(first: 3) { nodes { ${selectorFields} } ${page} } }`,
  `{ selectors(first: 1) { nodes { ${selectorFields} } } }`,
  `{ selectors(orderBy: NAME_ASC, filter: { prefix: "1", suffix: "0", appId: "x", ${seen} }) { nodes { id } ${page} } }`,
  `{ calls(filter: { ${period}, missedReasons: [MISSED, UNKNOWN], caller: { username: "a", domain: "b" } }) { ${calls} }
    some: calls(filter: { missedReasons: [MISSED] }) { ${calls} } }`,
  `{ calls(first: 3) { ${calls} } messages(first: 3) { ${messages} } pushTests(first: 3) { ${pushTests} } }`,
  `{ messages(filter: { ${period}, contentType: "text/plain", sender: { username: "a", domain: "b" } }) { ${messages} }
    pushTests(filter: { ${period}, platform: "ios", isConcluded: true }) { ${pushTests} } }`,
]

/** Everything that can be queried, with the pages behind cursors and the objects behind ids. */
async function readAll(own: TestDatabase): Promise<unknown[]> {
  const database = openReader(own.url)
  await using _ = { [Symbol.asyncDispose]: () => database.close() }
  await using client = await openClient(database, { timeZone: 'Europe/Prague', allowedSettings: ['title'] })
  const answers: unknown[] = []
  for (const query of everything) answers.push(await client.ask(query))
  const text = JSON.stringify(answers)
  const ids = [...new Set([...text.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id))].slice(0, 100)
  answers.push(await client.ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids }))
  for (const list of ['selectors', 'calls', 'messages', 'pushTests']) {
    const { [list]: found } = await client.ask(`{ ${list}(first: 2) { pageInfo { endCursor } } }`)
    const after = found.pageInfo.endCursor
    answers.push(await client.ask(`query ($after: String) { ${list}(after: $after) { nodes { id } } }`, { after }))
  }
  return answers
}

describe.each([
  ['V1', 'UTF8'],
  ['V1', 'SQL_ASCII'],
  ['V2', 'UTF8'],
] as const)(
  'With an object that shadows every function, operator and type on the search_path of %s, %s',
  (version, encoding) => {
    let own: TestDatabase
    let calm: unknown[]

    beforeAll(async () => {
      own = await cloneDatabase(version, encoding)
      await addDataSet({ version, sql: own.sql }, { selectors: 8, calls: 5 })
      await own.sql(`INSERT INTO data (${version === 'V1' ? 'id' : 'selector'}, name, value)
      SELECT ${version === 'V1' ? 'id' : 'selector'}, 'title', 'a' FROM selectors`)
      calm = await readAll(own)
      await makeHostile(own)
    })
    afterAll(() => own[Symbol.asyncDispose]())

    it('the shadowing objects affect statements that do not name a schema', async () => {
      const plain = new pg.Client(own.url)
      await plain.connect()
      await expect(plain.query(`SELECT convert_to(selector, 'UTF8') FROM selectors`)).rejects.toThrow(/shadowed/)
      await expect(plain.query(`SELECT FROM selectors WHERE selector = 'a'`)).rejects.toThrow(/shadowed/)
      await expect(plain.query(`SELECT $1::text`, ['a'])).rejects.toThrow(/shadowed/)
      await plain.end()
    })

    it('every field has the same result as without them', async () => {
      expect(await readAll(own)).toEqual(calm)
    })

    it('check finds the tables', async () => {
      const database = openReader(own.url)
      untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
      const report = await examine(database, 'test', () => undefined)
      expect(report).toMatchObject({ schemaVersion: version, encoding })
      expect(report.tables.map(({ name }) => name)).toContain('sipcalls')
    })

    if (version === 'V1') {
      it('copy moves every row, into a database that also has them', async () => {
        const target = untilTestEnds(await cloneDatabase('V2', encoding))
        await makeHostile(target)
        const dry = await runCopy(own, target)
        expect(dry.problems).toEqual([])
        const { committed, problems } = await runCopy(own, target, { mode: 'execute' })
        expect({ committed, problems }).toEqual({ committed: true, problems: [] })
      })
    }
  },
)

describe('With such shadowing objects in an empty database', () => {
  it.each(['v1', 'v2'])('init and seed create %s without calling any of them', async (schema) => {
    const own = untilTestEnds(await emptyDatabase())
    await makeHostile(own)
    expect(await run(['init', '--schema', schema, '--database-url', own.url])).toMatchObject({ code: 0 })
    expect(await run(['seed', '--selectors', '5', '--database-url', own.url])).toMatchObject({ code: 0 })
    const link = schema === 'v1' ? 'id' : 'selector'
    // The rules of v1 run as part of it.
    await own.sql(`INSERT INTO tokens (${link}, token, appid) SELECT ${link}, 'a', 'b' FROM selectors LIMIT 1`)
  })

  it('the rate store counts', async () => {
    const own = untilTestEnds(await emptyDatabase())
    await makeHostile(own)
    const target = { connection: parseConnectionString(own.url, 'test', {}) }
    const shared = { target, secret: 'a secret of all gateways' }
    const limits = untilTestEnds(await openRateLimits({ costPerMinute: 100, requestsPerMinute: undefined, shared }))
    await limits.ofPrincipal('a', 30)
    expect(await limits.ofPrincipal('a', 30)).toMatchObject({ ratelimit: expect.stringContaining('r=40') })
    expect(await own.sql('SELECT points FROM sipis_gateway_rate_limits')).toEqual([['60']])
  })
})

describe('With such shadowing objects in the embedded database', () => {
  it('the version is detected and rows are read', async () => {
    const server = await startEmbedded(emptyTables('V2'))
    await server.exec(`CREATE FUNCTION public.current_schemas(boolean) RETURNS name[] LANGUAGE sql AS $$ SELECT '{}'::name[] $$;
      CREATE AGGREGATE public.count(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '42');
      SET search_path TO public, pg_catalog`)
    const database = await openEmbedded(server)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    expect(await detect(database)).toMatchObject({ version: 'V2' })
    const client = untilTestEnds(await openClient(database))
    expect(await client.ask('{ selectors { totalCount } }')).toEqual({ selectors: { totalCount: 0 } })
  })
})

describe('A session of a connection pooler', () => {
  it('keeps the schemas of its first client when it is prepared again', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const client = new pg.Client(own.url)
    await client.connect()
    for (let times = 0; times < 3; times++) await prepareSession(client, readingSettings(1_000))
    const { rows } = await client.query(`SELECT current_setting('sipis_gateway.schemas') AS schemas`)
    await client.end()
    expect(rows).toEqual([{ schemas: '{public}' }])
  })
})
