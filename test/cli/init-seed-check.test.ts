import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { TableCounts } from '../../src/tools/copy/report/report.ts'
import { run, start } from '../support/command.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../support/database.ts'

describe('sipis-gateway init', () => {
  it.each([
    ['v1', 'SQL_ASCII'],
    ['v2', 'UTF8'],
  ] as const)('creates the tables of %s, and changes nothing when it runs again', async (schema, encoding) => {
    const own = untilTestEnds(await emptyDatabase(encoding))
    const args = ['init', '--database-url', own.url, '--schema', schema]
    expect(await run(args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Created the tables of schema ${schema}`),
    })
    const tables = () => own.sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
    const made = await tables()
    expect(made.length).toBe(schema === 'v1' ? 8 : 9)
    expect(await run(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') })
    expect(await tables()).toEqual(made)
    const other = schema === 'v1' ? 'v2' : 'v1'
    expect(await run(['init', '--database-url', own.url, '--schema', other])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`already holds schema ${schema}`),
    })
  })

  it('refuses a database that already has a table of SIPIS, and changes nothing', async () => {
    const own = untilTestEnds(await emptyDatabase())
    await own.sql('CREATE TABLE tokens (mine int)')
    const { code, stderr } = await run(['init', '--database-url', own.url])
    expect(code).toBe(1)
    expect(stderr).toMatch(/already has tokens.*Nothing was changed/)
    expect(await own.sql(`SELECT count(*) FROM pg_namespace WHERE nspname = 'sipis_gateway'`)).toEqual([['0']])
  })

  it('requires a database URL', async () => {
    expect(await run(['init'])).toMatchObject({ code: 1, stderr: expect.stringContaining('--database-url') })
  })
})

const tables = ['selectors', 'tokens', 'sipcalls', 'siptextmessages', 'pushtests']

async function fingerprint({ sql }: TestDatabase): Promise<string> {
  const rows = await Promise.all(
    tables.map((table) => sql(`SELECT string_agg(t::text, E'\n' ORDER BY t::text) FROM ${table} t`)),
  )
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
}

describe('sipis-gateway seed', () => {
  it('writes the same rows for the same options, and other rows for another seed', async () => {
    const seeded = async (...args: string[]) => {
      const own = untilTestEnds(await cloneDatabase('V2'))
      const { code, stdout } = await run(['seed', '--database-url', own.url, '--selectors', '40', ...args])
      expect(code).toBe(0)
      expect(stdout).toContain(
        'Wrote 40 selectors, 63 tokens, 1200 sipcalls, 200 siptextmessages, 120 pushtests, 160 data, 40 restart',
      )
      return own
    }
    const [one, two, three] = [await seeded(), await seeded('--random-seed', '1'), await seeded('--random-seed', '2')]
    expect(await fingerprint(two)).toBe(await fingerprint(one))
    expect(await fingerprint(three)).not.toBe(await fingerprint(one))
  })

  it.each(['V1', 'V2'] as const)('writes typical rows of %s', async (version) => {
    const own = untilTestEnds(await cloneDatabase(version, 'SQL_ASCII'))
    await run(['seed', '--database-url', own.url, '--selectors', '50'])
    const link = version === 'V1' ? 'id' : 'selector'
    const number = async (sql: string) => Number((await own.sql(sql))[0]?.[0])
    expect(await number(`SELECT count(*) FROM selectors WHERE selector ~ '^[0-9A-F]{40}:[0-9A-F]{8}$'`)).toBe(50)
    // Several installations of one account, two tokens on iOS, push tests that never concluded.
    expect(await number('SELECT max(n) FROM (SELECT count(*) AS n FROM selectors GROUP BY left(selector, 40)) t')).toBe(
      3,
    )
    expect(await number(`SELECT max(n) FROM (SELECT count(*) AS n FROM tokens GROUP BY ${link}) t`)).toBe(2)
    expect(await number('SELECT count(*) FROM pushtests WHERE concluded IS NULL')).toBeGreaterThan(0)
    expect(await number('SELECT count(DISTINCT userdisplayname) FROM sipcalls')).toBeGreaterThan(15)
    if (version === 'V2') expect(await number('SELECT count(DISTINCT missedreason) FROM sipcalls')).toBe(3)
    // The sequences continue after the last row.
    for (const table of ['sipcalls', 'siptextmessages']) {
      expect(
        await number(`SELECT nextval(substring(column_default FROM '''(.*)''')) FROM information_schema.columns
        WHERE table_name = '${table}' AND column_name = 'rowid'`),
      ).toBe((await number(`SELECT max(rowid) FROM ${table}`)) + 1)
    }
  })

  it('refuses a database that has rows', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql(`INSERT INTO selectors (selector) VALUES ('real')`)
    const { code, stderr } = await run(['seed', '--database-url', own.url, '--selectors', '5'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/already has rows in selectors. Nothing was written/)
    expect(await own.sql('SELECT count(*) FROM selectors')).toEqual([['1']])
  })

  it('that is interrupted reports the interruption and leaves no rows', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const running = start(['seed', '--database-url', own.url, '--selectors', '200000'])
    await running.printed('of 200000 rows')
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Interrupted: nothing was written.'),
    })
    expect(await own.sql('SELECT count(*) FROM selectors')).toEqual([['0']])
  })

  it.each([[['--selectors', 'x']], [['--selectors', '-1']], [[]], [['--selectors', '5', '--calls', '1.5']]])(
    'rejects %j',
    async (args) => {
      const { code, stderr } = await run(['seed', '--database-url', 'postgres://127.0.0.1:1/x', ...args])
      expect(code).toBe(1)
      expect(stderr).toMatch(/^error: /)
    },
  )
})

describe('sipis-gateway check', () => {
  const checked = async ({ url }: Pick<TestDatabase, 'url'>) => {
    const { code, stdout } = await run(['check', '--json', '--database-url', url])
    return { code, report: JSON.parse(stdout) }
  }

  it('exits with 0 for a read-only role on a v2 database that init created', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const role = `reader_${new URL(own.url).pathname.slice(-12)}`
    await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
    untilTestEnds({
      [Symbol.asyncDispose]: async () => void (await own.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
    })
    await own.sql(`GRANT SELECT ON ${tables.join(', ')} TO ${role}`)
    const url = new URL(own.url)
    url.username = role
    url.password = 'secret'
    const { code, report } = await checked({ url: url.href })
    expect(report).toMatchObject({
      schemaVersion: 'V2',
      encoding: 'UTF8',
      role: { name: role, superuser: false, mayWrite: false },
      advice: [],
      migration: null,
    })
    expect(report.tables.map(({ name }: { name: string }) => name)).toEqual([...tables, 'data', 'restart'])
    expect(code).toBe(0)
  })

  it('exits with 1 and prints statements if indexes are missing, and none once they have run', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    const before = await checked(own)
    expect(before.code).toBe(1)
    const statements: string[] = before.report.advice.map(({ statement }: { statement: string }) => statement)
    const indexes = statements.filter((statement) => statement.startsWith('CREATE INDEX CONCURRENTLY'))
    expect(indexes).toContain('CREATE INDEX CONCURRENTLY ON public.sipcalls (id, time, rowid);')
    for (const statement of indexes) await own.sql(statement)
    const after = await checked(own)
    expect(after.report.advice).toHaveLength(1)
    expect(after.report.advice[0].statement).toMatch(/CREATE ROLE .* GRANT SELECT/s)
  })

  it.each(schemaVersions)(
    'prints how to create a read-only role, which then causes no warning (%s)',
    async (version) => {
      const own = untilTestEnds(await cloneDatabase(version))
      const { report } = await checked(own)
      const { statement } = report.advice.at(-1)
      const role = `made_${new URL(own.url).pathname.slice(-12)}`
      await own.sql(statement.replaceAll('sipis_gateway', role).replace("'…'", "'secret'"))
      untilTestEnds({
        [Symbol.asyncDispose]: async () => void (await own.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
      })
      const url = new URL(own.url)
      url.username = role
      url.password = 'secret'
      const made = await checked({ url: url.href })
      expect(made.report.role).toEqual({ name: role, superuser: false, mayWrite: false })
      expect(made.report.advice.filter(({ statement }: { statement: string }) => statement.includes('ROLE'))).toEqual(
        [],
      )
    },
  )

  it('counts the rows of a v1 database that cannot be migrated, including rows with invalid bytes', async () => {
    const own = untilTestEnds(await cloneDatabase('V1', 'SQL_ASCII'))
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'), (2, NULL), (3, 'žluťoučký 𝒳 电')`)
    await own.sql(`INSERT INTO sipcalls (id, time, scheme, userdisplayname, username, domain, domainport, callid) VALUES
      (1, now(), 'sip', 'ok 電話 🛎️', 'u', 'd', 0, 'c'), (2, now(), 'sip', '', 'u', 'd', 0, 'c'), (1, now(), NULL, NULL, NULL, NULL, NULL, NULL)`)
    const bad = ['80', 'c3', 'c328', 'e28228', 'eda080', 'f4908080', 'c080', 'ff', '41e9']
    for (const hex of bad)
      await own.sql(`INSERT INTO sipcalls (id, time, scheme, userdisplayname, username, domain, domainport, callid) VALUES
      (1, now(), 'sip', convert_from('\\x${hex}', 'SQL_ASCII'), '', '', 0, '')`)
    await own.sql(`INSERT INTO pushtests VALUES (1, 'p', 'x', now()), (2, 'p', 'x', now()), (77, 'p', 'x', now())`)
    await own.sql(`INSERT INTO data (id, name) VALUES (NULL, 'n'), (1, NULL)`)
    await own.sql(
      `INSERT INTO restart (id, name, server) VALUES (1, repeat('n', 65), NULL), (1, 'server', NULL), (1, 'x', 's')`,
    )
    const { code, report } = await checked(own)
    expect(code).toBe(1)
    const { tables: counted, warnings } = report.migration
    expect(counted.map(({ table, rejects, filled }: TableCounts) => [table, rejects, filled])).toEqual([
      ['selectors', { 'null-selector': 1 }, {}],
      ['tokens', {}, {}],
      [
        'sipcalls',
        { 'null-selector': 1, 'invalid-bytes': bad.length },
        { scheme: 1, userdisplayname: 1, username: 1, domain: 1, domainport: 1, callid: 1 },
      ],
      ['siptextmessages', {}, {}],
      ['pushtests', { orphan: 1, 'null-selector': 1 }, {}],
      ['data', { 'null-id': 1, 'null-name': 1 }, {}],
      ['restart', { 'too-long': 1 }, {}],
    ])
    expect(warnings).toEqual([expect.stringContaining('1 selectors already have an entry named "server"')])
    const text = await run(['check', '--database-url', own.url])
    expect(text.stdout).toContain('Not every row can be migrated to v2:')
    expect(text.stdout).toContain('a superuser')
  })

  it('exits with 2 if no database can be served', async () => {
    const own = untilTestEnds(await emptyDatabase())
    expect(await run(['check', '--database-url', own.url])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No SIPIS table'),
    })
    expect(await run(['check', '--database-url', 'postgres://127.0.0.1:1/x'])).toMatchObject({ code: 2 })
    expect(await run(['check'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--database-url') })
  })
})
