/** What a source may hold that a copy must not lose, merge or run. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { contents, copied, executeAccepting, rowCounts, runCopy } from '../../support/copying.ts'
import { variants } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../../support/database.ts'
import { asRole } from '../../support/roles.ts'
import type { Encoding } from '../../support/templates.ts'

async function pair(from: Encoding = 'UTF8', to: Encoding = 'UTF8'): Promise<[TestDatabase, TestDatabase]> {
  const source = untilTestEnds(await cloneDatabase('V1', from))
  await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'), (2, 'b')`)
  return [source, untilTestEnds(await cloneDatabase('V2', to))]
}

const calls = (rows: string) => `INSERT INTO sipcalls (rowid, id, time, callid) VALUES ${rows}`

describe('Rows that the role does not see stop the copy', () => {
  it.each(variants(['execute', 'dry-run', 'verify-only', 'rehearse'] as const, 2))(
    'row level security, %s',
    async (mode) => {
      const [source, target] = await pair()
      await source.sql(calls(`(1, 1, now(), 'x'), (2, 2, now(), 'y')`))
      const role = await asRole(source)
      await source.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.name}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role.name};
      ALTER TABLE sipcalls ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON sipcalls USING (id = 1)`)
      await expect(runCopy(role, target, { mode })).rejects.toThrow(
        /hides rows of "public"\."sipcalls" of the source \(OLD\), .*BYPASSRLS/,
      )
      expect((await runCopy(source, target)).problems).toEqual([])
      // An owner is subject to it only if it is forced.
      await source.sql(`ALTER TABLE sipcalls FORCE ROW LEVEL SECURITY; ALTER TABLE sipcalls OWNER TO ${role.name}`)
      await expect(runCopy(role, target, { mode })).rejects.toThrow(/hides rows of/)
      await source.sql('ALTER TABLE sipcalls NO FORCE ROW LEVEL SECURITY')
      if (mode !== 'verify-only') expect((await runCopy(role, target, { mode, freeze: true })).problems).toEqual([])
    },
  )

  it('row level security of the target', async () => {
    const [source, target] = await pair()
    const role = await asRole(target)
    await target.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.name}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role.name};
      ALTER TABLE data ENABLE ROW LEVEL SECURITY`)
    await expect(runCopy(source, role)).rejects.toThrow(/"public"\."data" of the target \(NEW\)/)
  })

  it('tables, sequences and schemas that it may not read, by name', async () => {
    const [source, target] = await pair()
    const role = await asRole(source)
    const required = copied.filter((table) => table !== 'data').join(', ')
    await source.sql(`GRANT SELECT ON ${required} TO ${role.name}`)
    await expect(runCopy(role, target)).rejects.toThrow(/may not read "public"\."data" of the source \(OLD\).*GRANT/)
    await source.sql(`GRANT SELECT ON data TO ${role.name}`)
    await expect(runCopy(role, target)).rejects.toThrow(/may not read the sequence public\.selectors_id_seq/)
    await source.sql(`GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role.name}`)
    await source.sql('CREATE TABLE notes (a int); INSERT INTO notes VALUES (1)')
    expect(await runCopy(role, target)).toMatchObject({
      problems: [],
      unknownTables: expect.arrayContaining([{ table: 'notes', rows: null }]),
    })
    await source.sql('CREATE SCHEMA hidden; ALTER TABLE data SET SCHEMA hidden')
    await expect(runCopy(role, target)).rejects.toThrow(/may not look into schema hidden.*hidden\.data.*GRANT USAGE/)
    await source.sql(`GRANT USAGE ON SCHEMA hidden TO ${role.name}`)
    expect((await runCopy(role, target)).warnings.join()).toMatch(
      /hidden\.data of the source is not in the search_path/,
    )
  })

  it('and a role that may not lock the source is told about --no-freeze', async () => {
    const [source, target] = await pair()
    const role = await asRole(source)
    await source.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name};
      GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role.name}`)
    expect((await runCopy(role, target)).warnings.join()).toMatch(
      /may not block writers of "public"\."selectors".*--no-freeze/,
    )
    await expect(runCopy(role, target, { mode: 'execute', freeze: true })).rejects.toThrow(
      /the source \(OLD\), reports: permission denied.*--no-freeze/,
    )
    expect(await runCopy(role, target, { mode: 'execute' })).toMatchObject({ committed: true })
  })
})

describe('In the place of a table of the source', () => {
  it.each([
    ['a view', 'CREATE VIEW sipcalls AS SELECT * FROM kept WHERE id = 1', /sipcalls of the source .* is a view/],
    ['a materialized view', 'CREATE MATERIALIZED VIEW sipcalls AS SELECT * FROM kept', /is a materialized view/],
    [
      'a foreign table',
      `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE sipcalls (rowid int, id int, scheme varchar, userdisplayname varchar, username varchar, domain varchar, domainport int, callid varchar, time timestamptz) SERVER s`,
      /is a foreign table/,
    ],
    [
      'a table with a foreign part',
      `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE TABLE sipcalls (LIKE kept); CREATE FOREIGN TABLE part () INHERITS (sipcalls) SERVER s`,
      /is partly a foreign table/,
    ],
  ])('%s is refused', async (_, create, message) => {
    const [source, target] = await pair()
    await source.sql(`ALTER TABLE sipcalls RENAME TO kept; ${create}`)
    await expect(runCopy(source, target)).rejects.toThrow(message)
  })

  it('partitions and children are copied as a whole', async () => {
    const [source, target] = await pair()
    await source.sql(`DROP TABLE sipcalls, siptextmessages;
      CREATE TABLE sipcalls (rowid serial, id int, scheme varchar, userdisplayname varchar, username varchar, domain varchar, domainport int, callid varchar, time timestamptz) PARTITION BY RANGE (rowid);
      CREATE TABLE low PARTITION OF sipcalls FOR VALUES FROM (0) TO (10); CREATE TABLE high PARTITION OF sipcalls DEFAULT;
      CREATE TABLE siptextmessages (rowid serial PRIMARY KEY, id int, scheme varchar, userdisplayname varchar, username varchar, domain varchar, domainport int, msgid varchar, contenttype varchar, body text, time timestamptz, headers text);
      CREATE TABLE older () INHERITS (siptextmessages);
      INSERT INTO siptextmessages (rowid, id, time) VALUES (1, 1, now()); INSERT INTO older (rowid, id, time) VALUES (1, 1, now());
      ${calls(`(1, 1, now(), 'x'), (20, 2, now(), 'y')`)}`)
    const report = await runCopy(source, target, { mode: 'execute', freeze: true })
    expect(report).toMatchObject({ committed: true, problems: [], unknownTables: [{ table: 'older', rows: 1 }] })
    expect(await rowCounts(target)).toMatchObject({ sipcalls: 2, siptextmessages: 2 })
    expect(report.tables.find(({ table }) => table === 'siptextmessages')?.renumbered).toBe(1)
  })
})

describe('Sequences never go backwards', () => {
  const nextOf = async ({ sql }: TestDatabase, table: string, column = 'rowid') =>
    Number((await sql(`SELECT nextval(pg_get_serial_sequence('${table}', '${column}'))`))[0]?.[0])

  it('also of empty tables and rejected rows, whether called or not', async () => {
    const [source, target] = await pair()
    await source.sql(`SELECT setval('sipcalls_rowid_seq', 1000), setval('data_rowid_seq', 500, false), setval('sipmessages_rowid_seq', 70);
      INSERT INTO data (rowid, id, name) VALUES (900, NULL, 'rejected'); ${calls(`(1, 1, now(), 'x'), (3, 2, now(), 'y')`)};
      INSERT INTO restart (rowid, id, name, server) VALUES (4, 1, 'n', 'Sipis1'); SELECT setval('restart_rowid_seq', 40)`)
    await executeAccepting(source, target)
    expect(await nextOf(target, 'sipcalls')).toBe(1001)
    expect(await nextOf(target, 'siptextmessages')).toBe(71)
    expect(await nextOf(target, 'data')).toBe(901)
    expect(await nextOf(target, 'selectors', 'id')).toBe(3)
    expect(await target.sql(`SELECT rowid FROM restart WHERE name = 'server'`)).toEqual([['41']])
    expect(await nextOf(target, 'restart')).toBe(42)
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([])
    await target.sql(`SELECT setval('sipcalls_rowid_seq', 9)`)
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems.join()).toMatch(
      /sequence .* gives 10 next/,
    )
  })

  it('nor those of the target that are ahead', async () => {
    const [source, target] = await pair()
    await target.sql(`SELECT setval('sipcalls_rowid_seq', 5000)`)
    await runCopy(source, target, { mode: 'execute' })
    expect(await nextOf(target, 'sipcalls')).toBe(5001)
  })

  const forms: [string, string][] = [
    ['identity', 'ALTER COLUMN rowid ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME public."The Seq")'],
    ['a quoted regclass', `ALTER COLUMN rowid SET DEFAULT nextval('"The Seq"'::regclass)`],
    ['a text', `ALTER COLUMN rowid SET DEFAULT nextval('"The Seq"'::text)`],
    ['a text with a schema', `ALTER COLUMN rowid SET DEFAULT nextval('public."The Seq"'::text)`],
    ['a schema that is not searched', `ALTER COLUMN rowid SET DEFAULT nextval('other."The Seq"'::regclass)`],
    ['an expression', `ALTER COLUMN rowid SET DEFAULT (nextval('"The Seq"') + 0)::integer`],
  ]
  it.each(variants(forms, 2))('in whatever form the default names it: %s', async (form, change) => {
    const [source, target] = await pair()
    const schema = form.startsWith('a schema') ? 'other' : 'public'
    for (const { sql, url } of [source, target]) {
      await sql(
        `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET standard_conforming_strings = off; CREATE SCHEMA other`,
      )
      await sql('ALTER TABLE sipcalls ALTER COLUMN rowid DROP DEFAULT; DROP SEQUENCE sipcalls_rowid_seq')
      if (form !== 'identity') await sql(`CREATE SEQUENCE ${schema}."The Seq"`)
      await sql(`ALTER TABLE sipcalls ${change}`)
    }
    await source.sql(`SELECT setval('${schema}."The Seq"', 1000)`)
    expect((await runCopy(source, target, { mode: 'execute', freeze: true })).problems).toEqual([])
    expect(await target.sql(`SELECT nextval('${schema}."The Seq"')`)).toEqual([['1001']])
  })
})

describe('Names from a catalogue', () => {
  const evil = (statement: string) => `"rowid); ROLLBACK; ${statement}; --"`

  it('are never run, in keys of the target, tables, columns, sequences and schemas', async () => {
    const [source, target] = await pair()
    const create = 'CREATE TABLE planted (a int)'
    for (const { sql } of [source, target]) {
      await sql(`CREATE TABLE ${evil(create)} (a int); INSERT INTO ${evil(create)} VALUES (1);
        CREATE INDEX ${evil('CREATE TABLE planted2 (a int)')} ON sipcalls (time);
        ALTER SEQUENCE sipcalls_rowid_seq RENAME TO ${evil('CREATE TABLE planted3 (a int)')}`)
    }
    await source.sql(`ALTER TABLE sipcalls ADD COLUMN ${evil(create)} int`)
    await target.sql(
      `ALTER TABLE sipcalls ADD COLUMN ${evil(create)} int UNIQUE, ADD COLUMN "rowid,selector" int, ADD UNIQUE ("rowid,selector")`,
    )
    const before = await contents(source)
    for (const mode of ['dry-run', 'rehearse', 'execute', 'verify-only'] as const) {
      const report = await runCopy(source, target, { mode })
      expect([mode, report.problems]).toEqual([mode, []])
      expect(report.warnings.join()).toMatch(/sipcalls has a column rowid\); ROLLBACK.*its 0 values are not copied/)
    }
    for (const { sql } of [source, target])
      expect(await sql(`SELECT count(*) FROM pg_class WHERE relname LIKE 'planted%'`)).toEqual([['0']])
    expect(await contents(source)).toEqual(before)
  })
})

describe('Rows that differ in little', () => {
  it.each(['replace', 'latin1'] as const)(
    'selectors that differ in a bad byte only stay apart: %s',
    async (invalidBytes) => {
      const [source, target] = await pair('SQL_ASCII')
      await source.sql(`INSERT INTO selectors (id, selector) VALUES (3, convert_from('\\x61ff', 'SQL_ASCII')), (4, convert_from('\\x61fe', 'SQL_ASCII')),
      (5, convert_from('\\x61c3bf', 'SQL_ASCII')); ${calls(`(1, 3, now(), 'x'), (2, 4, now(), 'y'), (3, 5, now(), 'z')`)}`)
      const report = await executeAccepting(source, target, { invalidBytes })
      expect(report).toMatchObject({ committed: true })
      expect(report.tables[0]?.rejects).toEqual({ 'invalid-bytes': 2 })
      expect(await rowCounts(target)).toMatchObject({ selectors: 3, sipcalls: 1 })
      const compared = await runCopy(source, target, { mode: 'verify-only', invalidBytes })
      expect(compared).toMatchObject({ problems: [] })
    },
  )

  it('rows of one rowid are numbered above all ids that were given out, in every table', async () => {
    const [source, target] = await pair()
    for (const table of ['tokens', 'data', 'restart'])
      await source.sql(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`)
    await source.sql(`ALTER TABLE sipcalls DROP CONSTRAINT sipcalls_id_selectors_id_fk;
      ${calls(`(5, 1, '2026-01-03', 'late'), (5, 1, '2026-01-01', 'early'), (5, 9, '2026-01-01', 'orphan'), (7, 1, '2026-01-02', 'alone')`)};
      SELECT setval('sipcalls_rowid_seq', 100);
      INSERT INTO siptextmessages (rowid, id, time, body) VALUES (2, 1, now(), 'm'), (2, 1, now(), 'm'), (2, 1, now(), 'm');
      INSERT INTO data (rowid, id, name) VALUES (1, 1, 'a'), (1, 2, 'b'); INSERT INTO restart (rowid, id, name, server) VALUES (1, 1, 'a', 's'), (1, 2, 'b', 's')`)
    const report = await executeAccepting(source, target)
    expect(report).toMatchObject({ committed: true, problems: [] })
    expect(Object.fromEntries(report.tables.map(({ table, renumbered }) => [table, renumbered]))).toMatchObject({
      sipcalls: 1,
      siptextmessages: 2,
      data: 1,
      restart: 1,
    })
    expect(await target.sql('SELECT rowid, callid FROM sipcalls ORDER BY 1')).toEqual([
      ['5', 'early'],
      ['7', 'alone'],
      ['101', 'late'],
    ])
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([])
    await target.sql(`UPDATE sipcalls SET rowid = 102 WHERE rowid = 101`)
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toHaveLength(1)
  })

  it('--verify-only accepts the rejects of the copy, unless their number is said to be another', async () => {
    const [source, target] = await pair()
    await source.sql(`INSERT INTO pushtests VALUES (99, 'p', 'x', now())`)
    await executeAccepting(source, target)
    expect(await runCopy(source, target, { mode: 'verify-only' })).toMatchObject({ problems: [] })
    const other = await runCopy(source, target, { mode: 'verify-only', accepted: new Map([['orphan', 2]]) })
    expect(other.problems).toEqual([expect.stringContaining('--accept-rejects says 2')])
  })

  it('columns that were added are named', async () => {
    const [source, target] = await pair()
    await source.sql(
      `ALTER TABLE selectors ADD COLUMN "My ""Note" text; UPDATE selectors SET "My ""Note" = 'n' WHERE id = 1`,
    )
    expect((await runCopy(source, target)).warnings).toEqual([
      'selectors has a column My "Note that SIPIS 4 does not know; its 1 values are not copied.',
    ])
  })
})

describe('Encodings', () => {
  it.each(['UTF8', 'SQL_ASCII'] as const)('LATIN1 is converted by the server into %s, and compared', async (to) => {
    const source = untilTestEnds(await emptyDatabase('LATIN1'))
    await createTables(source)
    const target = untilTestEnds(await cloneDatabase('V2', to))
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'é' || repeat('ü', 50));
      INSERT INTO sipcalls (id, time, username) VALUES (1, now(), repeat('é', 200))`)
    const report = await executeAccepting(source, target)
    expect(report).toMatchObject({ committed: true, problems: [] })
    const isLimitedInBytes = to === 'SQL_ASCII'
    expect(await rowCounts(target)).toMatchObject({ selectors: isLimitedInBytes ? 0 : 1 })
    if (isLimitedInBytes) return
    expect(await target.sql('SELECT username FROM sipcalls')).toEqual([['é'.repeat(200)]])
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([])
    await target.sql(`UPDATE sipcalls SET username = overlay(username PLACING 'è' FROM 1)`)
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toHaveLength(1)
  })

  it('a LATIN1 target is refused, because it cannot hold every text', async () => {
    const [source] = await pair()
    const target = untilTestEnds(await emptyDatabase('LATIN1'))
    await expect(runCopy(source, target)).rejects.toThrow(/The target \(NEW\), .* is encoded in LATIN1.*UTF8/)
  })
})

/** Creates the tables of v1 in a database of another encoding. */
async function createTables({ sql }: TestDatabase): Promise<void> {
  for (const file of ['0000_tables.sql', '0001_rules.sql']) {
    await sql((await readFile(`drizzle/v1/${file}`, 'utf8')).replaceAll('--> statement-breakpoint', ''))
  }
}

describe('The warning that SIPIS may be running', () => {
  it('reaches an ordinary role, which does not see what other sessions are', async () => {
    const [source, target] = await pair()
    const role = await asRole(source)
    await source.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name};
      GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role.name}; SET application_name = 'SIPIS'`)
    expect((await runCopy(role, target)).warnings.join()).toMatch(/\d+ other connections .* SIPIS may be running/)
  })
})
