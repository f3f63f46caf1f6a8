import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowCounts, runCopy } from '../../support/copying.ts'
import { times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../../support/database.ts'
import { addDataSet } from '../../support/rows.ts'

const tables = ['selectors', 'tokens', 'sipcalls', 'siptextmessages', 'pushtests', 'data', 'restart']

/** Every row with the names of its columns. */
async function rowsOf({ sql }: TestDatabase): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {}
  for (const table of tables) rows[table] = (await sql(`SELECT to_jsonb(t)::text FROM ${table} t ORDER BY 1`)).flat()
  return rows
}

const text = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((value) => !value.includes('\0'))
  .map((value) => value.toWellFormed())

/** Rows that v2 can hold as they are: each restart entry of an instance has the same server, and no caller is null. */
const cleanRows = fc.array(
  fc.record({
    server: fc.option(text.filter((value) => value !== '')),
    entries: fc.uniqueArray(
      fc.record({ name: text.filter((value) => value !== 'server'), seq: fc.nat(2), value: fc.option(text) }),
      { selector: ({ name, seq }) => `${name} ${seq}`, maxLength: 4 },
    ),
    settings: fc.array(fc.record({ name: text, value: fc.option(text), longvalue: fc.option(text) }), { maxLength: 3 }),
    tests: fc.uniqueArray(text, { maxLength: 3 }),
    calls: fc.array(fc.record({ name: text, port: fc.integer({ min: 0, max: 65_535 }) }), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
)

type Account = typeof cleanRows extends fc.Arbitrary<(infer T)[]> ? T : never

async function addAccount(v1: TestDatabase, id: number, account: Account): Promise<void> {
  await v1.sql('INSERT INTO selectors (id, selector) VALUES ($1, $2)', [id, `selector ${id}`])
  for (const { name, seq, value } of account.entries)
    await v1.sql(`INSERT INTO restart (id, name, seq, value, server) VALUES ($1, $2, $3, $4, $5)`, [
      id,
      name,
      seq,
      value,
      account.server,
    ])
  for (const { name, value, longvalue } of account.settings)
    await v1.sql(`INSERT INTO data (id, name, value, longvalue) VALUES ($1, $2, $3, $4)`, [id, name, value, longvalue])
  for (const pushid of account.tests)
    await v1.sql(`INSERT INTO pushtests (id, pushid, platform, started) VALUES ($1, $2, 'x', now())`, [id, pushid])
  for (const { name, port } of account.calls)
    await v1.sql(
      `INSERT INTO sipcalls (id, scheme, userdisplayname, username, domain, domainport, callid, time) VALUES ($1, 'sip', $2, $2, '', $3, '', now())`,
      [id, name, port],
    )
}

describe('copy --back', () => {
  it(`gives the rows of any clean v1 database again (${times(60, 2)} databases)`, async () => {
    await using v1 = await cloneDatabase('V1')
    await using v2 = await cloneDatabase('V2')
    await using home = await cloneDatabase('V1')
    await addDataSet({ version: 'V1', sql: v1.sql }, { selectors: 4, calls: 3 })
    await v1.sql(`SELECT setval('sipcalls_rowid_seq', 1000)`)
    const all = tables.join(', ')
    const property = fc.asyncProperty(cleanRows, async (accounts) => {
      await v1.sql(`DELETE FROM data; DELETE FROM restart; DELETE FROM pushtests; DELETE FROM selectors WHERE id > 100`)
      await v2.sql(`TRUNCATE ${all}`)
      await home.sql(`TRUNCATE ${all} CASCADE`)
      for (const [index, account] of accounts.entries()) await addAccount(v1, 101 + index, account)
      expect(await runCopy(v1, v2, { mode: 'execute' })).toMatchObject({ committed: true })
      const returned = await runCopy(v2, home, { mode: 'execute', back: true })
      expect(returned).toMatchObject({ committed: true, problems: [] })
      expect(await rowsOf(home)).toEqual(await rowsOf(v1))
      expect((await runCopy(v2, home, { mode: 'verify-only', back: true })).problems).toEqual([])
    })
    await fc.assert(property, { numRuns: times(60, 2), endOnFailure: true })
  }, 600_000)

  it.each([
    ['too-long', 'UTF8', 'SQL_ASCII', `repeat('é', 40)`],
    ['invalid-bytes', 'SQL_ASCII', 'UTF8', `convert_from('\\xff', 'SQL_ASCII')`],
  ] as const)('rejects the rows of a selector whose name is %s', async (reason, from, to, name) => {
    const v2 = untilTestEnds(await cloneDatabase('V2', from))
    const home = untilTestEnds(await cloneDatabase('V1', to))
    await v2.sql(`INSERT INTO selectors (id, selector) VALUES (1, ${name}), (2, 'b');
      INSERT INTO tokens (selector, token, appid) SELECT selector, 't', 'a' FROM selectors;
      INSERT INTO sipcalls (selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
        SELECT selector, '', '', '', '', 0, '', now(), 'Missed' FROM selectors;
      INSERT INTO siptextmessages (selector, scheme, userdisplayname, username, domain, domainport, msgid, contenttype, headers, body, time)
        SELECT selector, '', '', '', '', 0, '', '', '', '', now() FROM selectors;
      INSERT INTO pushtests (selector, pushid, platform, started) SELECT selector, 'p', '', now() FROM selectors;
      INSERT INTO data (selector, name) SELECT selector, 'n' FROM selectors;
      INSERT INTO restart (selector, name) SELECT selector, 'n' FROM selectors`)
    const accepted = new Map([[reason, 7]])
    const options = { back: true, invalidBytes: 'replace', accepted } as const
    const done = await runCopy(v2, home, { ...options, mode: 'execute' })
    expect(done).toMatchObject({ committed: true, problems: [] })
    expect(done.tables.map(({ rejects, rowsOut }) => [rejects, rowsOut])).toEqual(
      tables.map(() => [{ [reason]: 1 }, 1]),
    )
    expect(await runCopy(v2, home, { ...options, mode: 'verify-only' })).toMatchObject({ problems: [] })
  })

  it('refuses selectors that share an id, to which the rows of each would go', async () => {
    const v2 = untilTestEnds(await cloneDatabase('V2'))
    const home = untilTestEnds(await cloneDatabase('V1'))
    await v2.sql(
      `ALTER TABLE selectors DROP CONSTRAINT selectors_pkey; INSERT INTO selectors (id, selector) VALUES (1, 'a'), (1, 'b')`,
    )
    await expect(runCopy(v2, home, { back: true })).rejects.toMatchObject({
      kind: 'AMBIGUOUS_SELECTORS',
      message: expect.stringContaining('share an id'),
    })
  })

  it('reports what v1 cannot hold, leaves out what its ids cannot reach, and writes only into an empty v1', async () => {
    const v2 = untilTestEnds(await cloneDatabase('V2'))
    const home = untilTestEnds(await cloneDatabase('V1'))
    await v2.sql(`INSERT INTO selectors (id, selector) VALUES (7, 'a'), (8, 'b'), (3000000000, 'late')`)
    const call = `scheme, userdisplayname, username, domain, domainport, callid, time`
    await v2.sql(`INSERT INTO sipcalls (rowid, selector, ${call}, missedreason) VALUES
      (1, 'a', 'sip', '', 'u', 'd', 0, '', now(), 'Missed'), (2, 'a', 'sip', '', 'u', 'd', 0, '', now(), 'AnsweredElsewhere'),
      (3, 'late', 'sip', '', 'u', 'd', 0, '', now(), 'Missed'), (4, 'gone', 'sip', '', 'u', 'd', 0, '', now(), 'Missed'),
      (5000000000, 'a', 'sip', '', 'u', 'd', 0, '', now(), 'Missed')`)
    await v2.sql(`INSERT INTO pushtests (rowid, selector, pushid, platform, started) VALUES
      (1, 'a', 'twice', 'x', '2026-01-01'), (2, 'a', 'twice', 'x', '2026-01-02'), (3, 'gone', 'p', 'x', '2026-01-01')`)
    await v2.sql(`INSERT INTO data (rowid, selector, name) VALUES (5000000000, 'b', 'n')`)
    await v2.sql(`INSERT INTO restart (rowid, selector, name, value) VALUES (1, 'a', 'server', 'Sipis1'), (2, 'a', 'n', 'v'),
      (3, 'b', 'server', 'Sipis2'), (4, 'late', 'n', 'v')`)
    await v2.sql(`INSERT INTO tableversions VALUES ('sipcalls', 2)`)
    const dry = await runCopy(v2, home, { back: true })
    expect(dry.versions).toMatchObject({ source: { schema: 'v2' }, target: { schema: 'v1' } })
    expect(dry.warnings.join('\n')).toMatch(
      /these are not copied: 4 Missed, 1 AnsweredElsewhere\.\n1 restart entries named/,
    )
    expect(dry.unknownTables).toEqual([{ table: 'tableversions', rows: 1 }])
    expect(Object.fromEntries(dry.tables.map(({ table, rejects }) => [table, rejects]))).toMatchObject({
      selectors: { 'out-of-range': 1 },
      sipcalls: { orphan: 1, 'out-of-range': 2 },
      pushtests: { orphan: 1, 'duplicate-key': 1 },
      data: {},
      restart: { 'out-of-range': 1 },
    })
    expect(dry.lost.map(({ sentence, first }) => [sentence, first])).toEqual([
      ['1 account is gone with all rows', ['late']],
      ['2 calls are not announced', ['a', 'late']],
      ['1 account loses 1 entry of restart, which holds the values of SIP accounts', ['late']],
    ])
    const accepted = new Map([
      ['out-of-range', 4],
      ['orphan', 1],
      ['duplicate-key', 1],
    ] as const)
    const done = await runCopy(v2, home, { back: true, mode: 'execute', accepted })
    expect(done).toMatchObject({ committed: true, problems: [] })
    expect(await rowCounts(home)).toMatchObject({ selectors: 2, sipcalls: 2, pushtests: 1, data: 1, restart: 2 })
    expect(await home.sql('SELECT id, name, value, server FROM restart ORDER BY 1')).toEqual([
      ['7', 'n', 'v', 'Sipis1'],
      ['8', 'server', 'Sipis2', null],
    ])
    await home.sql(`INSERT INTO selectors (selector) VALUES ('next')`)
    await expect(runCopy(v2, home, { back: true })).rejects.toThrow(/is not empty/)
    await expect(runCopy(home, v2, { back: true })).rejects.toThrow(/has schema v1, not v2.*with --back NEW is the v1/)
  })
})
