/** Sends generated requests. The gateway must answer or reject each one, and stay healthy. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Authenticate } from '../../src/auth/authenticate.ts'
import { CredentialError } from '../../src/auth/credential-error.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import type { Database } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { DatabaseError } from '../../src/errors/database-error.ts'
import { schema } from '../../src/graph/schema.ts'
import type { Attacker } from '../support/attacker.ts'
import { openAttacker, printed } from '../support/attacker.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import { isFull, times } from '../support/counts.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { heapUsed } from '../support/heap.ts'
import type { Attack } from '../support/hostile-requests.ts'
import { attackOf } from '../support/hostile-requests.ts'
import type { Samples } from '../support/hostile-values.ts'
import { addDataSet } from '../support/rows.ts'
import { seededTape } from '../support/tape.ts'

const together = 20
/** Total number of batches; this many are sent to each of the first two databases. */
const batches = times(2_500, 38)
/** Time limit that detects requests without a response. */
const hangMs = 30_000
const mostGrowth = 100_000_000

const sound = backends
  .filter(({ name }) => /PostgreSQL.*UTF8/.test(name))
  .map(({ name, open }) => ({ name, open, batches, disturbed: (database: Database) => database }))

/** The first database again with injected failures, which must not leave concurrent requests unanswered. */
const unsound = sound
  .slice(0, 1)
  .map((one) => ({ ...one, name: `${one.name}, failing`, batches: Math.ceil(batches / 5), disturbed: failing }))

describe.each([...sound, ...unsound])('The gateway over $name', ({ open, batches, disturbed }) => {
  let opened: Opened
  let client: Client
  let attacker: Attacker
  let samples: Samples

  beforeAll(async () => {
    opened = await open()
    await addDataSet(opened, { selectors: 15, calls: 10 })
    const [[device] = []] = await opened.sql('SELECT min(selector) FROM selectors')
    client = await openClient(disturbed(opened.database), {
      authenticate: believe(String(device)),
      allowedSettings: ['a', 'b'],
      // All requests have the same caller here.
      limits: { concurrentPerCaller: 64 },
    })
    attacker = openAttacker(client.url)
    const quiet = await openClient(opened.database)
    samples = await samplesOf(quiet)
    await quiet[Symbol.asyncDispose]()
  })
  afterAll(async () => {
    attacker?.[Symbol.dispose]()
    await client?.[Symbol.asyncDispose]()
    await opened?.[Symbol.asyncDispose]()
  })

  it(
    'responds to every request, without an error of its own, a hang or a growing heap',
    async () => {
      const counted = new Map<string, number>()
      const judge = async (seed: number) => {
        const attack = attackOf(schema, seededTape(seed), samples)
        const verdict = await judged(attacker, attack)
        if (verdict.problem !== undefined) {
          throw new Error(`seededTape(${seed}): ${verdict.problem}\n${printed(attack)}\n${client.log.join('')}`)
        }
        counted.set(verdict.outcome, (counted.get(verdict.outcome) ?? 0) + 1)
      }
      // An unhandled rejection would end the process outside of a test.
      const stray: unknown[] = []
      const note = (reason: unknown) => stray.push(reason)
      process.on('unhandledRejection', note)
      onTestFinished(() => void process.off('unhandledRejection', note))
      const run = (numRuns: number) =>
        fc.assert(
          fc.asyncProperty(
            fc.array(fc.noBias(fc.integer()), { minLength: together, maxLength: together }),
            async (seeds) => {
              await Promise.all(seeds.map(judge))
              client.statements()
              const errors = client.log.splice(0).filter((line) => JSON.parse(line).level >= 50)
              if (errors.length > 0) throw new Error(`One of seededTape(${seeds}) was logged:\n${errors.join('')}`)
              if (stray.length > 0) throw new Error(`One of seededTape(${seeds}) left a rejection: ${stray}`)
            },
          ),
          { numRuns, endOnFailure: true },
        )
      // Objects that are created once, such as the GraphiQL page, are excluded.
      await run(Math.ceil(batches / 5))
      const before = heapUsed()
      await run(batches)
      const growth = heapUsed() - before
      if (isFull) process.stderr.write(`${[...counted].sort().join(' ')} heap ${growth}\n`)
      expect(growth).toBeLessThan(mostGrowth)
      // Ensures that requests reach the data instead of failing early.
      expect(counted.get('200 data') ?? 0).toBeGreaterThan(batches)
      await using quiet = await openClient(opened.database)
      const data = await quiet.ask('{ selectors(first: 1) { totalCount nodes { calls(first: 1) { totalCount } } } }')
      expect(data).toEqual({ selectors: { totalCount: 15, nodes: [{ calls: { totalCount: 10 } }] } })
    },
    times(3_600_000, 120_000),
  )
})

/** Every third statement fails with an error that the caller causes, which is not logged. */
function failing(database: Database): Database {
  let asked = 0
  return {
    async query(statement, signal) {
      // Except for the statement of /health, which would respond with 503.
      const isHealth = render(statement).text === 'SELECT 1'
      if (!isHealth) asked++
      if (!isHealth && asked > 10 && asked % 3 === 0) throw new DatabaseError('input', '22000', 'a failure of the test')
      return database.query(statement, signal)
    },
    close: () => database.close(),
  }
}

/** One caller of each kind. */
function believe(device: string): Authenticate {
  const principals: Readonly<Record<string, Principal>> = {
    'Bearer reader': { id: 'reader', name: 'reader', scopes: ['sipis:read'], selector: null },
    'Bearer device': { id: 'device', name: 'device', scopes: ['sipis:own'], selector: device },
  }
  return async (authorization) => {
    if (authorization === undefined) return anonymousPrincipal
    const found = principals[authorization]
    if (found === undefined) throw new CredentialError('unknown')
    return found
  }
}

async function samplesOf(client: Client): Promise<Samples> {
  const list = (fields: string) =>
    `(first: 3) { pageInfo { startCursor endCursor } nodes { id ${fields} } edges { cursor } }`
  const data: unknown = await client.ask(
    `{ selectors${list('name tokens { nodes { id } }')} calls${list('')} messages${list('')} pushTests${list('')} }`,
  )
  const found = { ids: new Set<string>(), cursors: new Set<string>(), selectors: new Set<string>() }
  JSON.stringify(data, (key, value: unknown) => {
    if (typeof value !== 'string') return value
    if (key === 'id') found.ids.add(value)
    else if (key === 'name') found.selectors.add(value)
    else found.cursors.add(value)
    return value
  })
  return { ids: [...found.ids], cursors: [...found.cursors], selectors: [...found.selectors] }
}

interface Verdict {
  readonly outcome: string
  readonly problem?: string
}

async function judged(attacker: Attacker, attack: Attack): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined
  const hang = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), hangMs)
  })
  const outcome = await Promise.race([attacker.send(attack), hang])
  clearTimeout(timer)
  if (outcome === undefined) return { outcome: 'hang', problem: 'It was not answered.' }
  const { statuses, text } = outcome
  const told = `${'bytes' in attack ? 'raw ' : ''}${statuses.join('+') || 'no answer'}${kindOf(text)}`
  const isFault = statuses.some((status) => status >= 500) || text.includes('"code":"INTERNAL"')
  return isFault
    ? { outcome: told, problem: `It was answered with ${told}: ${text.slice(0, 2_000)}` }
    : { outcome: told }
}

function kindOf(text: string): string {
  if (text.startsWith('{"data"') || text.includes(',"data":{')) return ' data'
  return /"code":"([A-Z_]+)"/.exec(text)?.[1]?.replace(/^/, ' ') ?? ''
}
