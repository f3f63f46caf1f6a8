import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { detect } from '../../../src/sipis/detect.ts'
import { factsOf, initialFacts } from '../../../src/tools/copy/databases/catalogue.ts'
import type { CopyPreview } from '../../../src/tools/copy/report/preview.ts'
import { previews } from '../../../src/tools/copy/report/preview.ts'
import type { CopyReport, TableReport } from '../../../src/tools/copy/report/report.ts'
import { run } from '../../support/command.ts'
import { copied, runCopy } from '../../support/copying.ts'
import { isFull, times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import { dirtyDatabase, fill } from '../../support/dirty.ts'

async function preview(url: string, whileItLooks = async () => {}, timeoutMs = 30_000): Promise<CopyPreview> {
  const database = openReader(url)
  try {
    const detected = await detect(database)
    await whileItLooks()
    const found = await previews[detected.version](database, detected, {
      label: new URL(url).pathname.slice(1),
      timeoutMs,
      onTable: () => undefined,
    })
    if (found === null) throw new Error('The database is not v1.')
    return found
  } finally {
    await database.close()
  }
}

const counted = ({ tables }: CopyReport) => tables.map(({ source: _, target: __, ...counts }: TableReport) => counts)

const call = (rowid: number, id: number) =>
  `INSERT INTO sipcalls VALUES (${rowid}, ${id}, 'sip', '', 'u', 'd', 0, 'c', now());`

async function withoutConstraint({ sql }: TestDatabase, table: string, kind: 'f' | 'p'): Promise<void> {
  for (const [name] of await sql(
    `SELECT conname FROM pg_constraint WHERE conrelid = '${table}'::regclass AND contype = '${kind}'`,
  ))
    await sql(`ALTER TABLE ${table} DROP CONSTRAINT ${name} CASCADE`)
}

describe('For any dirty v1 database', () => {
  it(`check says that all can be migrated exactly when copy accepts it, and gives the dry run's counts (${times(200, 4)} databases)`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-check-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    let runs = 0
    const property = fc.asyncProperty(dirtyDatabase, async (dirty) => {
      await using source = await cloneDatabase('V1', dirty.source === 'UTF8' ? 'UTF8' : 'SQL_ASCII')
      await using target = await cloneDatabase('V2')
      await fill(source, dirty)
      const found = await preview(source.url)
      const dry = await runCopy(source, target)
      const done = await runCopy(source, target, { mode: 'execute', rejectsFile: join(folder, `rejects-${++runs}`) })
      expect(found.tables).toEqual(counted(dry))
      expect(found.warnings).toEqual(dry.warnings.filter((warning) => !warning.includes('other connections')))
      expect(found.possible).toBe(done.committed)
      expect(found).toMatchObject({ refusals: [], uncounted: [], unreadable: [] })
    })
    await fc.assert(property, { numRuns: times(200, 4), endOnFailure: isFull })
  }, 3_600_000)
})

describe('The preview of a migration', () => {
  it('counts two calls of one rowid, and a call without a selector', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    await withoutConstraint(own, 'sipcalls', 'f')
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'); ${call(1, 1)} ${call(1, 1)} ${call(2, 7)}`)
    const { code, stdout } = await run(['check', '--database-url', own.url])
    expect(code).toBe(1)
    expect(stdout).toContain('Not every row can be migrated to v2:')
    expect(stdout).toContain('sipcalls: 1 rows share the rowid of another and get a new one')
    expect(stdout).toContain('sipcalls: 1 rows cannot be copied: orphan')
  })

  it('rejects the same one of two rows with one key as copy does', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    const target = untilTestEnds(await cloneDatabase('V2'))
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'); INSERT INTO sipcalls (rowid, id, username, time)
      SELECT n, 1, name, '2026-01-01' FROM generate_series(1, 40) n, (VALUES ('u'), (NULL)) AS names(name)`)
    expect((await preview(own.url)).tables).toEqual(counted(await runCopy(own, target)))
  })

  it('accepts nulls that become empty', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    await own.sql(
      `INSERT INTO selectors (id, selector) VALUES (1, 'a'); INSERT INTO sipcalls (id, time) VALUES (1, now())`,
    )
    const { stdout } = await run(['check', '--database-url', own.url])
    expect(stdout).toContain('Every row can be migrated to v2.\n')
    expect(stdout).toContain('sipcalls.username: null in 1 rows becomes empty or 0')
  })

  it('refuses shared ids and other encodings, with the messages of copy', async () => {
    const target = untilTestEnds(await cloneDatabase('V2'))
    const own = untilTestEnds(await cloneDatabase('V1'))
    await withoutConstraint(own, 'selectors', 'p')
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'), (1, 'b')`)
    const { possible, refusals } = await preview(own.url)
    expect(possible).toBe(false)
    await expect(runCopy(own, target)).rejects.toThrow(refusals[0])
    expect(refusals).toHaveLength(1)
  })

  it('is unknown if a table cannot be counted in time, and the statement is cancelled', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'); ${call(1, 1)}`)
    const lock = async () => void (await own.sql('BEGIN; LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE'))
    const found = await preview(own.url, lock, 500)
    expect(found).toMatchObject({ possible: null, uncounted: [{ what: 'sipcalls', why: 'timeout' }] })
    expect(found.tables.map(({ table }) => table)).toEqual(copied.filter((table) => table !== 'sipcalls'))
    expect(
      await own.sql(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'sipcalls'::regclass`),
    ).toEqual([['0']])
    await own.sql('ROLLBACK')
  })

  it('is unknown if the role may not read a table, which is named', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    const role = `reader_${new URL(own.url).pathname.slice(-12)}`
    await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
    untilTestEnds({
      [Symbol.asyncDispose]: async () => void (await own.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)),
    })
    await own.sql(`GRANT SELECT ON selectors, tokens, sipcalls, siptextmessages, pushtests TO ${role}`)
    const url = new URL(own.url)
    url.username = role
    url.password = 'secret'
    expect(await preview(url.href)).toMatchObject({ possible: null, uncounted: [], unreadable: ['data', 'restart'] })
  })
})

it.each(copied)('The preview assumes the facts of %s that a database created by init has', async (table) => {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const facts = await factsOf({ query: own.sql, schemas: new Map() }, table)
  const keys = (of: typeof facts) => of.uniqueKeys.map((key) => key.columns.join()).sort()
  expect([initialFacts(table).limits, keys(initialFacts(table))]).toEqual([facts.limits, keys(facts)])
})
