/** The codes of refusals, for programs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../support/command.ts'
import { runCopy } from '../../support/copying.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../../support/database.ts'
import { asRole } from '../../support/roles.ts'

async function pair(): Promise<[TestDatabase, TestDatabase]> {
  return [untilTestEnds(await cloneDatabase('V1')), untilTestEnds(await cloneDatabase('V2'))]
}

describe('A refusal has a kind', () => {
  it.each([
    ['NOT_A_TABLE', 'source', 'ALTER TABLE data RENAME TO kept; CREATE VIEW data AS SELECT * FROM kept'],
    ['WRONG_SCHEMA', 'source', 'DROP TABLE selectors CASCADE'],
    ['WRONG_SCHEMA', 'target', 'DROP TABLE restart'],
    ['TARGET_NOT_EMPTY', 'target', `INSERT INTO data (selector, name) VALUES ('a', 'b')`],
    [
      'AMBIGUOUS_SELECTORS',
      'source',
      `ALTER TABLE selectors DROP CONSTRAINT selectors_pkey CASCADE; INSERT INTO selectors (id, selector) VALUES (1, 'a'), (1, 'b')`,
    ],
  ] as const)('%s, of the %s', async (kind, side, change) => {
    const [source, target] = await pair()
    await { source, target }[side].sql(change)
    await expect(runCopy(source, target)).rejects.toMatchObject({ kind })
  })

  it('MISSING_PRIVILEGE and ROW_SECURITY, of a role', async () => {
    const [source, target] = await pair()
    const role = await asRole(source)
    await expect(runCopy(role, target)).rejects.toMatchObject({ kind: 'MISSING_PRIVILEGE' })
    await source.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}`)
    await expect(runCopy(role, target)).rejects.toMatchObject({ kind: 'MISSING_PRIVILEGE' })
    await source.sql('ALTER TABLE data ENABLE ROW LEVEL SECURITY')
    await expect(runCopy(role, target)).rejects.toMatchObject({ kind: 'ROW_SECURITY' })
  })

  it('WRONG_ENCODING, and WRONG_SCHEMA without tables', async () => {
    const [source] = await pair()
    const latin1 = untilTestEnds(await emptyDatabase('LATIN1'))
    await expect(runCopy(source, latin1)).rejects.toMatchObject({ kind: 'WRONG_ENCODING' })
    const empty = untilTestEnds(await emptyDatabase())
    await expect(runCopy(source, empty)).rejects.toMatchObject({ kind: 'WRONG_SCHEMA' })
  })

  it('of the command line: USAGE, SETTINGS, RESULT_FILE', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-kinds-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const settings = join(folder, 'Settings.xml')
    await writeFile(settings, '<Sipis/>')
    const url = 'postgres://127.0.0.1:1/x'
    for (const [code, ...args] of [
      ['USAGE', url],
      ['USAGE', url, 'host'],
      ['USAGE', url, url, '--accept-rejects', 'nonsense'],
      ['SETTINGS', url, settings],
      ['RESULT_FILE', url, url, '--result', settings],
      ['ECONNREFUSED', url, url],
    ] as const) {
      const { stdout } = await run(['copy', ...args, '--json'])
      expect([args, JSON.parse(stdout)]).toMatchObject([args, { code, committed: false }])
    }
  })
})
