import { describe, expect, it, onTestFinished } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { detect } from '../../../src/sipis/detect.ts'
import { columnsOf, wantedIndexes } from '../../../src/sipis/indexes.ts'
import type { SchemaVersion } from '../../../src/sipis/schema-version.ts'
import { schemaVersions } from '../../../src/sipis/schema-version.ts'
import type { Advice } from '../../../src/tools/check/indexes.ts'
import { indexAdvice } from '../../../src/tools/check/indexes.ts'
import { openClient } from '../../support/client.ts'
import { run } from '../../support/command.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'

/** v1 as the vendor has it; v2 with its keys alone, without the indexes that `init` adds. */
async function vendorsDatabase(version: SchemaVersion): Promise<TestDatabase> {
  const own = untilTestEnds(await cloneDatabase(version))
  if (version === 'V1') return own
  const added = await own.sql(`SELECT indexrelid::regclass FROM pg_index JOIN pg_class i ON i.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`)
  for (const [name] of added) await own.sql(`DROP INDEX ${name}`)
  return own
}

function open({ url }: TestDatabase): Database {
  const database = openReader(url)
  onTestFinished(() => database.close())
  return database
}

async function adviceOn(database: Database): Promise<readonly Advice[]> {
  const { version, schemas } = await detect(database)
  return indexAdvice(database, wantedIndexes[version], schemas)
}

/** Whether the list of selectors by lastSeen lacks an index. */
async function lacksList(database: Database): Promise<boolean> {
  return (await adviceOn(database)).some(({ reason }) => reason.includes('listing selectors by lastSeen'))
}

/** The plan of the first page, and of the one behind it. */
async function plansOfPages(own: TestDatabase, database: Database): Promise<string[]> {
  const client = untilTestEnds(await openClient(database))
  const { selectors } = await client.ask('{ selectors { pageInfo { endCursor } } }')
  await client.ask(`{ selectors(after: "${selectors.pageInfo.endCursor}") { nodes { name } } }`)
  const plans = client.statements().map(({ text, values }) => own.sql(`EXPLAIN (COSTS OFF) ${text}`, values))
  return (await Promise.all(plans)).map((lines) => lines.flat().join('\n'))
}

describe.each(schemaVersions)('On schema %s without further indexes', (version) => {
  it('check advises an index for the page of selectors, and with it the page needs no sort', async () => {
    const own = await vendorsDatabase(version)
    await own.sql(`INSERT INTO selectors (selector, lastseen)
      SELECT 'S' || n, timestamptz '2026-01-01' + interval '1 second' * (n * 7919 % 5000) FROM generate_series(1, 5000) n`)
    await own.sql('ANALYZE selectors')
    const database = open(own)
    for (const plan of await plansOfPages(own, database)) expect(plan).toMatch(/Sort.*Seq Scan on selectors/s)
    const advice = await adviceOn(database)
    const index = 'CREATE INDEX CONCURRENTLY ON public.selectors (lastseen, id);'
    expect(advice.map(({ statement }) => statement)).toContain(index)
    for (const { statement } of advice) await own.sql(statement)
    expect(await adviceOn(database)).toEqual([])
    for (const plan of await plansOfPages(own, database)) {
      expect(plan).toMatch(/Index Scan Backward using selectors_lastseen_id_idx/)
      expect(plan).not.toMatch(/Sort|Seq Scan/)
    }
  })

  it('the JSON of check has each advice with its code and its statement', async () => {
    const own = await vendorsDatabase(version)
    const { stdout } = await run(['check', '--json', '--database-url', own.url])
    const { advice } = JSON.parse(stdout)
    expect(advice).toContainEqual({
      code: 'INDEX_MISSING',
      reason: 'An index would help with listing selectors by lastSeen.',
      statement: 'CREATE INDEX CONCURRENTLY ON public.selectors (lastseen, id);',
    })
    expect(advice.at(-1).code).toBe('ROLE_WRITABLE')
  })
})

describe('The list of selectors by lastSeen', () => {
  it.each([
    'CREATE INDEX ON selectors (lastseen, id)',
    'CREATE INDEX ON selectors (lastseen DESC, id DESC)',
    'CREATE INDEX ON selectors (lastseen, id, selector)',
    'CREATE INDEX ON selectors (lastseen, id) INCLUDE (selector)',
  ])('is served by %s', async (statement) => {
    const own = await vendorsDatabase('V1')
    await own.sql(statement)
    expect(await lacksList(open(own))).toBe(false)
  })

  it.each([
    'CREATE INDEX ON selectors (lastseen)',
    'CREATE INDEX ON selectors (id, lastseen)',
    'CREATE INDEX ON selectors (lastseen DESC, id)',
    'CREATE INDEX ON selectors (lastseen NULLS FIRST, id)',
    'CREATE INDEX ON selectors (lastseen) INCLUDE (id)',
    'CREATE INDEX ON selectors USING brin (lastseen, id)',
    'CREATE INDEX ON selectors (lastseen, id) WHERE selector IS NOT NULL',
  ])('is not served by %s', async (statement) => {
    const own = await vendorsDatabase('V1')
    await own.sql(statement)
    expect(await lacksList(open(own))).toBe(true)
  })

  it('is not served by an index that could not be built', async () => {
    const own = await vendorsDatabase('V1')
    await own.sql('ALTER TABLE selectors DROP CONSTRAINT selectors_pkey CASCADE')
    await own.sql(
      `INSERT INTO selectors (id, selector, lastseen) VALUES (1, 'a', '2026-01-01'), (1, 'b', '2026-01-01')`,
    )
    // Fails at its end, as two rows are alike, and is left behind as invalid.
    const build = own.sql('CREATE UNIQUE INDEX CONCURRENTLY ON selectors (lastseen, id)')
    await expect(build).rejects.toThrow('could not create unique index')
    expect(await lacksList(open(own))).toBe(true)
  })
})

it('the calls of a selector are served by an index that goes up by selector and down by time', async () => {
  const own = await vendorsDatabase('V1')
  const database = open(own)
  const lacks = async () =>
    (await adviceOn(database)).some(({ reason }) => reason.includes('listing the calls of a selector'))
  await own.sql('CREATE INDEX ON sipcalls (id, time DESC, rowid)')
  expect(await lacks()).toBe(true)
  await own.sql('CREATE INDEX ON sipcalls (id, time DESC, rowid DESC)')
  expect(await lacks()).toBe(false)
})

it.each(schemaVersions)(
  'each advised index of schema %s has columns, and none is the beginning of another',
  (version) => {
    const wanted = wantedIndexes[version].map((index) => `${index.table} ${columnsOf(index).join(', ')}`)
    for (const one of wanted) expect(wanted.filter((other) => other.startsWith(one))).toEqual([one])
  },
)
