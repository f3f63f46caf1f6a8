import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../support/command.ts'
import { rowCounts } from '../support/copying.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

async function pair(): Promise<[TestDatabase, TestDatabase]> {
  const source = untilTestEnds(await cloneDatabase('V1'))
  await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 10 })
  return [source, untilTestEnds(await cloneDatabase('V2'))]
}

async function settingsOf({ url }: TestDatabase, path: string): Promise<string> {
  const { hostname, port, pathname, username, password } = new URL(url)
  const open = `host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username} password='${decodeURIComponent(password)}'`
  await writeFile(path, `<Sipis><Database OpenString="${open}"/></Sipis>`)
  return path
}

describe('sipis-gateway copy', () => {
  it('NEW OLD by Settings.xml rehearses, copies with --execute, and compares with --verify-only', async () => {
    const [source, target] = await pair()
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-migration-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const names = [
      await settingsOf(target, join(folder, 'Settings.xml')),
      await settingsOf(source, join(folder, 'Settings.xml.old')),
    ]
    const dry = await run(['copy', ...names])
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Dry run: nothing is written.') })
    expect(await rowCounts(target)).toMatchObject({ sipcalls: 0 })
    const done = await run(['copy', ...names, '--execute'])
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('every row is accounted for') })
    expect(done.stderr).toMatch(/sipcalls: 300 of 300 rows, [\d.]+ MiB, \d+ rows\/s/)
    expect(await rowCounts(target)).toMatchObject({ sipcalls: 300 })
    expect(await run(['copy', ...names, '--verify-only'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('matches the source'),
    })
    await target.sql(`UPDATE sipcalls SET username = username || 'x' WHERE rowid = 1`)
    expect(await run(['copy', ...names, '--verify-only'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/sipcalls .* DIFFERENT/),
    })
    expect(`${dry.stdout}${dry.stderr}${done.stdout}${done.stderr}`).not.toMatch(/Deprecat|password/)
    expect(await readdir(folder)).toHaveLength(2)
  })

  it('--from and --to name the databases, and --json prints the report as JSON', async () => {
    const [source, target] = await pair()
    await source.sql(`INSERT INTO pushtests VALUES (99, 'gone', 'x', now())`)
    const names = ['--to', target.url, '--from', source.url, '--json']
    const dry = await run(['copy', ...names])
    expect(dry.code).toBe(1)
    expect(JSON.parse(dry.stdout)).toMatchObject({
      mode: 'dry-run',
      committed: false,
      problems: ['1 rows cannot be copied: orphan. To copy the others: --accept-rejects orphan=1'],
    })
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-migration-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const rejects = ['--rejects', join(folder, 'rejects.jsonl')]
    const done = await run(['copy', ...names, '--execute', '--accept-rejects', 'orphan=1', ...rejects])
    expect(done.code).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({
      mode: 'execute',
      committed: true,
      problems: [],
      rejectsFile: join(folder, 'rejects.jsonl'),
    })
  })

  it.each([
    [[], /NEW is missing/],
    [['postgres://127.0.0.1:1/x'], /OLD is missing/],
    [['a', 'b'], /neither a postgres/],
    [['/nowhere/Settings.xml', 'b'], /Cannot read/],
    [['postgres://h/x', 'postgres://h/y', '--to', 'postgres://h/z'], /same database twice/],
    [['postgres://h/x', 'y'], /^OLD is neither a postgres/],
    [['postgres://h/x', '--from', 'y'], /^--from is neither a postgres/],
    [['postgres://h/x', 'postgres://h/y', '--execute', '--verify-only'], /exclude each other/],
    [['postgres://h/x', 'postgres://h/y', '--accept-rejects', 'nonsense=1'], /The reasons are null-id/],
    [['postgres://h/x', 'postgres://h/y', '--accept-rejects', 'orphan=x'], /is not reason=count/],
    [['postgres://h/x', 'postgres://h/y', '--invalid-bytes', 'drop'], /Allowed choices are reject, replace, latin1/],
    [['postgres://u:canary@127.0.0.1:1/x', 'postgres://u:canary@127.0.0.1:1/y'], /the source \(OLD\), cannot be used/],
  ])('%j is refused with what to do', async (args, message) => {
    const { code, stderr, stdout } = await run(['copy', ...args])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('canary')
  })
})
