/** Compares the cost of queries with the number of values in their responses. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/graph/schema.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import { costOf, settings } from '../support/cost.ts'
import { times } from '../support/counts.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { generatedRequest } from '../support/generated-documents.ts'
import { addDataSet } from '../support/rows.ts'
import type { Tape } from '../support/tape.ts'
import { tapes } from '../support/tape.ts'

/** Counts the values of a response. */
function valuesIn(answer: unknown): number {
  if (Array.isArray(answer)) return answer.reduce<number>((sum, one) => sum + valuesIn(one), 0)
  if (typeof answer !== 'object' || answer === null) return 0
  return Object.values(answer).reduce<number>((sum, one) => sum + 1 + valuesIn(one), 0)
}

describe.each(backends.filter(({ name }) => name.includes('UTF8')))('The response of $name', ({ open }) => {
  let opened: Opened
  let client: Client
  let ids: string[]
  let names: string[]

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 12, calls: 25, messages: 6, pushTests: 4 })
    const [[some] = []] = await opened.sql('SELECT min(selector) FROM selectors')
    const link = opened.version === 'V1' ? 'id' : 'selector'
    await opened.sql(
      `INSERT INTO data (${link}, name, value) SELECT ${link}, 'setting' || n, 'x' FROM selectors, generate_series(0, 59) n`,
    )
    client = await openClient(opened.database, { allowedSettings: settings, limits: { cost: 100_000_000 } })
    const found = await client.ask('{ selectors { nodes { id calls(first: 2) { nodes { id } } } } }')
    ids = found.selectors.nodes.flatMap((one: { id: string; calls: { nodes: { id: string }[] } }) => [
      one.id,
      ...one.calls.nodes.map(({ id }) => id),
    ])
    names = [String(some)]
  })
  afterAll(async () => {
    await client?.[Symbol.asyncDispose]()
    await opened?.[Symbol.asyncDispose]()
  })

  const scalar = (tape: Tape) => (type: string, argument: string) => {
    const values: Readonly<Record<string, unknown>> = {
      ID: ids[tape.below(ids.length)],
      Int: tape.below(30),
      Boolean: tape.oneIn(2),
      DateTime: argument === 'until' ? '2026-11-23T00:00:00Z' : '2026-11-18T00:00:00Z',
      String: { name: names[0], names: settings[tape.below(settings.length)], timeZone: 'UTC', value: 'x' }[argument],
    }
    return values[type]
  }

  it(
    'never contains more values than the cost of the query',
    async () => {
      let values = 0
      await fc.assert(
        fc.asyncProperty(tapes(400), async (tape) => {
          const { query, variables } = generatedRequest(schema, tape, { scalar: scalar(tape), fields: 40, depth: 9 })
          const cost = costOf(query, variables)
          fc.pre(cost <= 20_000)
          const { data, errors = [] } = await client.answer(query, variables)
          // The caller is not a device, and the ids are of any selector.
          const isMeant = (message: string) =>
            /^(Viewer\.selector requires|held\[\d+\] is not|filter\.(settings|unansweredPushTests|callId)\b|(first|tests) is 0|by has DAY and HOUR|The answer has|An operation may ask|\d+ more errors are omitted)/.test(
              message,
            )
          expect(errors.filter(({ message }) => !isMeant(message))).toEqual([])
          expect(valuesIn(data), query).toBeLessThanOrEqual(cost)
          values += valuesIn(data)
        }),
        { numRuns: times(2_000, 100) },
      )
      // Ensures that the queries return enough values.
      expect(values).toBeGreaterThan(1_000)
      expect(client.log).toEqual([])
    },
    times(1_800_000, 60_000),
  )

  it('is returned if the query costs exactly LIMIT_COST, and not if it costs one more', async () => {
    const query = '{ selectors(first: 2) { nodes { id lastSeen } } }'
    const cost = costOf(query)
    await using exact = await openClient(opened.database, { limits: { cost } })
    expect((await exact.ask(query)).selectors.nodes).toHaveLength(2)
    await using less = await openClient(opened.database, { limits: { cost: cost - 1 } })
    const { errors } = await less.answer(query)
    expect(errors?.[0]?.extensions).toMatchObject({ setting: 'LIMIT_COST', cost, limit: cost - 1 })
  })

  it('may have any size: the cost does not depend on it', async () => {
    const query = '{ selectors(first: 100) { nodes { calls(first: 100) { nodes { id } } } } }'
    const refused = await openClient(opened.database, { limits: { cost: 100 } })
    const before = await refused.answer(query)
    await opened.sql('DELETE FROM sipcalls')
    const after = await refused.answer(query)
    await refused[Symbol.asyncDispose]()
    expect(before).toEqual(after)
    expect(before.errors?.[0]?.extensions).toEqual({
      code: 'TOO_COSTLY',
      setting: 'LIMIT_COST',
      cost: costOf(query),
      limit: 100,
    })
  })
})
