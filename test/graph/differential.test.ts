/** Compares responses of the gateway with those of plain graphql-js over the same schema and rows. */
import fc from 'fast-check'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import { schema } from '../../src/graph/schema.ts'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import { isFull, times } from '../support/counts.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import type { GeneratedRequest } from '../support/generated-documents.ts'
import { generatedRequest } from '../support/generated-documents.ts'
import type { Asker } from '../support/keep-alive.ts'
import { openAsker } from '../support/keep-alive.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import type { Question, Reference } from '../support/reference.ts'
import { canonical, openReference } from '../support/reference.ts'
import { addDataSet } from '../support/rows.ts'
import type { Tape } from '../support/tape.ts'
import { seededTape } from '../support/tape.ts'

type Variables = Readonly<Record<string, unknown>>

const call = 'id selector { id } time missedReason caller { uri port displayName }'
const filtered = 'query ($f: CallFilter) { calls(first: 2, filter: $f) { totalCount nodes { id } } }'
const page = 'query ($first: Int!) { selectors(first: $first) { nodes { id } } }'
const since = 'query ($since: DateTime) { calls(first: 1, filter: { since: $since }) { nodes { time } } }'
const two = 'query A { viewer { name } } query B { viewer { scopes } }'
const shown =
  'query ($n: Int = 2, $x: Boolean = true) { selectors(first: $n) { nodes { id @include(if: $x) name @skip(if: $x) } } }'

/** Regression: two spreads of one fragment with different directives. */
const twoSpreads =
  'query T($o: Boolean!) { viewer { ...A @skip(if: $o) ...A @include(if: $o) } } fragment A on Viewer { name }'

const plain: readonly (readonly [string, Variables?, string?])[] = [
  ['{ __typename viewer { name scopes selector { id } } database { schemaVersion tableVersions { name } } }'],
  [
    `{ selectors(first: 3) { totalCount edges { cursor node { id lastSeen } } nodes { ...all } pageInfo { endCursor } } }
    fragment all on Selector { tokens { totalCount nodes { id appId fingerprint lastSeen } pageInfo { hasNextPage } }
      a: calls(first: 2) { ...some } b: calls(last: 2, orderBy: OLDEST_FIRST) { ...some }
      messages(first: 1) { nodes { headers body sender { uri } } } pushTests { nodes { latencyMs concluded } } }
    fragment some on CallConnection { totalCount nodes { ${call} } ... on CallConnection { edges { cursor } } }`,
  ],
  [`{ selector(name: "nobody") { id calls { nodes { id } } } }`],
  [getIntrospectionQuery()],
  ['{ __type(name: "Call") { fields { name type { name kind } } } __schema { queryType { name } } }'],
  [shown],
  [shown, { x: false }],
  [shown, { n: null, x: null }],
  [page, {}],
  [page, { first: 'x' }],
  [page, { first: 1.5 }],
  [page, { first: 101 }],
  [page, { first: null }],
  [since, { since: 'yesterday' }],
  [since, { since: '2026-01-01T00:00:00Z' }],
  [since, { since: 5 }],
  [since, { since: null }],
  [since],
  [filtered, { f: { missedReasons: ['MISSED', 'UNKNOWN'], since: '2026-01-01T00:00:00Z', caller: { domain: null } } }],
  [filtered, { f: { missedReasons: 'MISSED' } }],
  [filtered, { f: { missedReasons: ['NOPE'], bogus: 1 } }],
  [filtered, { f: { since: 'x', until: 'y' } }],
  ['query ($o: TimeOrder = OLDEST_FIRST) { calls(first: 2, orderBy: $o) { nodes { id } } }'],
  ['query ($o: TimeOrder) { calls(first: 2, orderBy: $o) { nodes { id } } }', { o: null }],
  ['query ($o: TimeOrder) { calls(first: 2, orderBy: $o) { nodes { id } } }', { o: 'NOPE' }],
  ['query ($s: String = "x\\"y\\u2028") { selector(name: $s) { id } }'],
  ['query ($id: ID!) { node(id: $id) { id } viewer { name } }', { id: 5 }],
  ['query ($id: ID!) { node(id: $id) { id } }', { id: true }],
  ['query ($id: ID!) { node(id: $id) { id } }', { id: ['a'] }],
  ['{ calls(after: "nonsense") { nodes { id } } viewer { name } }'],
  ['{ selectors(first: 2) { nodes { a: calls(first: 200) { nodes { id } } b: calls(first: 300) { nodes { id } } } } }'],
  ['{ nodes(ids: ["x", "y"]) { id } viewer { name } }'],
  ['{ a: selector(name: "a\\u0000") { id } b: selector(name: "b\\u0000") { id } viewer { name } }'],
  ['{ selectors { nodes { tokens { nodes { id token } } } } }'],
  [two, {}, 'B'],
  [twoSpreads, { o: true }],
  [twoSpreads, { o: false }],
]

/** Number of requests for each document, because cached documents must not change responses. */
const repetitions = 5
const concurrent = 10
/** Number of documents, in tens, on each database. */
const batches = times(1_300, 10)
const allowedSettings = ['a', 'b', 'c']

interface Samples {
  readonly ids: readonly string[]
  readonly selectors: readonly string[]
  readonly cursors: readonly string[]
}

describe.each(backends.filter(({ name }) => name.startsWith('PostgreSQL')))(
  'The gateway over $name',
  ({ name, open }) => {
    let opened: Opened
    let client: Client
    /** With and without plugins of Yoga, which are two ways to execute. */
    let askers: readonly Asker[]
    let withPlugins: Client
    let reference: Reference
    let samples: Samples
    const operator = { ...anonymousPrincipal, name: 'operator' }
    const reader = tool('reader', 'sipis:read')
    let own = device('device', '')

    beforeAll(async () => {
      opened = await open()
      await addDataSet(opened, { selectors: 6, calls: 4, messages: 3, pushTests: 3 })
      const link = opened.version === 'V1' ? 'id' : 'selector'
      await opened.sql(
        `INSERT INTO data (${link}, name, value) SELECT ${link}, name, 'x' FROM selectors, unnest('{a,b}'::text[]) name`,
      )
      await addStrangeValues(opened, name.endsWith('SQL_ASCII'))
      await using quiet = await openClient(opened.database)
      samples = await samplesOf(quiet)
      own = device('device', samples.selectors[0] ?? '')
      const options = {
        authenticate: authenticateAs([operator, reader, own]),
        allowedSettings,
        limits: { ...unlimited, repeats: 1_000, directives: 100, concurrentPerCaller: 64 },
      }
      client = await openClient(opened.database, options)
      withPlugins = await openClient(opened.database, { ...options, plugins: [{ onExecute: () => undefined }] })
      askers = [openAsker(client.url, concurrent), openAsker(withPlugins.url, concurrent)]
      reference = await openReference(opened.database, allowedSettings)
    })
    afterAll(async () => {
      for (const asker of askers ?? []) asker[Symbol.dispose]()
      await client?.[Symbol.asyncDispose]()
      await withPlugins?.[Symbol.asyncDispose]()
      await opened?.[Symbol.asyncDispose]()
    })

    const principals = () => [operator, operator, reader, own] as const

    /** Fails if a response differs. Returns the response; undefined if the document is invalid. */
    const compared = async (question: Question, principal = operator): Promise<string | undefined> => {
      const expected = await reference.answer(question, principal)
      for (let time = 1; time <= repetitions; time++) {
        // The last one goes to the gateway with plugins.
        const asker = askers[time === repetitions ? 1 : 0]
        const served = canonical((await asker?.ask(question, principal.name)) ?? {})
        if (expected === undefined) expect(served).not.toContain('"data"')
        else if (served !== expected) await expectAlternative(question, principal, served, expected, time)
      }
      return expected
    }

    /** Accepts a response with errors if graphql-js returns it for some order of the statements. */
    const expectAlternative = async (
      question: Question,
      principal: typeof own,
      served: string,
      expected: string,
      time: number,
    ) => {
      if (expected.includes('"errors":[')) {
        for (let attempt = 0; attempt < 50; attempt++) {
          if (served === (await reference.reordered(question, principal))) return
        }
      }
      expect(served, `ask ${time} of ${principal.name}: ${JSON.stringify(question)}`).toBe(expected)
    }

    it.each(plain.map(asCase))('responds as graphql-js does: $query $variables', async (question) => {
      expect(await compared(question)).toBeDefined()
    })

    it.each([undefined, 'C'])('executes none of several operations if the name is %s', async (operationName) => {
      for (const asker of askers) {
        expect(await asker.ask({ query: two, operationName }, operator.name)).toMatchObject({
          errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
        })
      }
    })

    it('responds as graphql-js does to ids of all types', async () => {
      const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ...more ... on Selector { lastSeen } } }
      fragment more on Node { ... on Call { time caller { uri } } ... on Token { appId } ... on PushTest { started } }`
      const { ids } = samples
      expect(await compared({ query, variables: { ids: [...ids.slice(0, 50), ids[0]] } })).not.toContain('null')
      for (const id of ids.slice(0, 12)) {
        const one = query.replace('nodes(ids: $ids)', 'node(id: $ids)').replace('[ID!]!', 'ID!')
        await compared({ query: one, variables: { ids: id } })
      }
    })

    it('accepts and rejects the variables that graphql-js does', async () => {
      const words = [
        null,
        true,
        '',
        'MISSED',
        'UNKNOWN',
        'OLDEST_FIRST',
        '2026-01-01T00:00:00Z',
        1,
        0,
        -1,
        1.5,
        2 ** 31,
      ]
      const leaf = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 }))
      const filter = fc.dictionary(
        fc.constantFrom('since', 'until', 'missedReasons', 'caller', 'bogus', '__proto__'),
        fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })),
        { maxKeys: 3 },
      )
      const query = `query ($f: CallFilter, $n: Int = 2, $o: TimeOrder) {
      calls(first: $n, filter: $f, orderBy: $o) { totalCount nodes { id time } } }`
      const given = fc.record({ f: fc.oneof(filter, leaf), n: leaf, o: leaf }, { requiredKeys: [] })
      await fc.assert(
        fc.asyncProperty(given, async (variables) => {
          await compared({ query, variables })
        }),
        { numRuns: 100 },
      )
    })

    it(
      'responds to generated documents as graphql-js does, at each repetition',
      async () => {
        const counted = { documents: 0, answered: 0, failed: 0, invalid: 0 }
        const compareSeed = async (seed: number) => {
          const tape = seededTape(seed)
          const question = generated(tape, samples)
          const answer = await compared(question, tape.pick(principals()))
          counted.documents++
          if (answer === undefined) counted.invalid++
          else if (answer.includes('"errors":[')) counted.failed++
          else counted.answered++
        }
        const seeds = fc.array(fc.noBias(fc.integer()), { minLength: concurrent, maxLength: concurrent })
        await fc.assert(
          fc.asyncProperty(seeds, async (some) => {
            await Promise.all(some.map(compareSeed))
            client.statements()
            withPlugins.statements()
          }),
          { numRuns: batches, endOnFailure: true },
        )
        if (isFull) process.stderr.write(`${JSON.stringify(counted)}\n`)
        // Ensures that enough documents are valid.
        expect(counted.answered).toBeGreaterThan(counted.documents / 3)
        expect(counted.failed).toBeGreaterThan(0)
        expect(counted.invalid).toBeLessThan(counted.documents / 5)
        expect([client.log, withPlugins.log]).toEqual([[], []])
      },
      times(3_600_000, 120_000),
    )
  },
)

function asCase([query, variables = {}, operationName]: (typeof plain)[number]): Question {
  return { query, variables, operationName }
}

function generated(tape: Tape, { ids, selectors, cursors }: Samples): GeneratedRequest {
  const scalar = (type: string, argument: string): unknown => {
    if (tape.oneIn(40)) return tape.pick([null, 101, -1, 'nonsense', '', true])
    const values: Readonly<Record<string, () => unknown>> = {
      ID: () => tape.pick(ids),
      Int: () => tape.below(6),
      Boolean: () => tape.oneIn(2),
      DateTime: () => (argument === 'until' ? '2026-11-25T00:00:00Z' : '2026-11-01T00:00:00Z'),
      String: () => stringFor(argument),
    }
    return values[type]?.()
  }
  const stringFor = (argument: string): unknown => {
    if (argument === 'name') return tape.pick(selectors)
    if (argument === 'timeZone') return 'UTC'
    if (argument === 'value') return 'x'
    if (argument === 'names') return tape.pick(allowedSettings)
    if (argument === 'after' || argument === 'before') return tape.oneIn(4) ? tape.pick(cursors) : undefined
    return undefined
  }
  return generatedRequest(schema, tape, {
    scalar,
    fields: 25,
    depth: 8,
    // Each combination of conditions has a plan of its own.
    directivesOneIn: tape.pick([4, 10_000]),
    nullConditions: true,
    partsOneIn: 3,
  })
}

/** Texts that need escapes in JSON or are ill-formed, and times that are none. */
async function addStrangeValues({ version, sql }: Opened, mayBeIllFormed: boolean): Promise<void> {
  const text = '"\\\\\b\u007f\u00e9\u2028\u{1f600}'
  await sql(`UPDATE sipcalls SET userdisplayname = E'${text}', time = 'infinity' WHERE rowid % 5 = 1`)
  await sql(`UPDATE sipcalls SET time = '0044-03-15 12:00:00+00 BC' WHERE rowid % 5 = 2`)
  if (version === 'V1') await sql('UPDATE sipcalls SET callid = NULL, userdisplayname = NULL WHERE rowid % 5 = 3')
  if (!mayBeIllFormed) return
  await sql(String.raw`UPDATE siptextmessages SET userdisplayname = E'a\xe2\x82b\xff\xf0\x9f"' WHERE rowid % 2 = 1`)
}

async function samplesOf(client: Client): Promise<Samples> {
  const list = (fields: string) => `(first: 4) { nodes { id ${fields} } edges { cursor } }`
  const data: unknown = await client.ask(
    `{ selectors${list('name tokens { nodes { id } }')} calls${list('')} messages${list('')} pushTests${list('')} }`,
  )
  const found = { id: new Set<string>(), name: new Set<string>(), cursor: new Set<string>() }
  JSON.stringify(data, (key, value: unknown) => {
    if (typeof value === 'string' && (key === 'id' || key === 'name' || key === 'cursor')) found[key].add(value)
    return value
  })
  return { ids: [...found.id], selectors: [...found.name], cursors: [...found.cursor] }
}
