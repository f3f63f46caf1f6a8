import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CopyFlags } from '../../src/cli/copy-options.ts'
import { namesOf, optionsOf } from '../../src/cli/copy-options.ts'
import { adviseSettings } from '../../src/cli/copy-settings.ts'
import { commandLine, run } from '../support/command.ts'
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
    for (const phase of ['Analysing', 'Copying', 'Comparing'])
      expect(done.stderr).toMatch(new RegExp(`^${phase} sipcalls: \\d+% \\| .* left$`, 'm'))
    expect(done.stderr).not.toContain('\n\n')
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

  it('leads with the decision and prints the command to run next, without secrets; --json has the same with codes', async () => {
    const [source, target] = await pair()
    await source.sql(`INSERT INTO pushtests VALUES (99, 'gone', 'x', now())`)
    await source.sql(`INSERT INTO restart (id, name) VALUES (1, repeat('n', 65))`)
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-migration-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const old = await settingsOf(source, join(folder, "Bob's Settings.xml.old"))
    const dry = await run(['copy', '--accept-rejects', 'orphan<=1', target.url, old, '--lock-timeout', '5'])
    expect(dry.code).toBe(1)
    const next = /^ {2}(sipis-gateway copy .*)$/m.exec(dry.stdout)?.[1] ?? ''
    expect(next).toContain(`copy "$NEW" '`)
    expect(next).toMatch(/ --lock-timeout=5 --execute --accept-rejects=too-long=1$/)
    expect(dry.stdout).toMatch(/^Not ready to copy: .*\nFrom .*\n\n1 rows cannot be copied: too-long/)
    expect(dry.stdout).toMatch(/1 account loses 1 entry of restart, which holds .*: [0-9A-F]{40}:/)
    expect(dry.stdout).toMatch(
      /sipis-gateway \d\S+; source: PostgreSQL \d\S*.*, schema v1, UTF8; target: .* schema v2, UTF8\n/,
    )
    expect(dry.stdout.replaceAll('password=...', '')).not.toContain('password')

    const failed = await run(['copy', '--to', target.url, '--from', target.url, '--json'])
    expect([failed.code, failed.stderr.split('\n')[0]]).toEqual([1, expect.stringContaining('has schema v2')])
    expect(JSON.parse(failed.stdout)).toMatchObject({
      code: 'WRONG_SCHEMA',
      message: failed.stderr.trim(),
      committed: false,
      versions: { gateway: expect.any(String), source: { postgresql: expect.any(String) } },
      seconds: { analysing: 0, copying: 0, comparing: 0 },
    })

    // As the operator would: the printed command, with --json.
    const rejects = join(folder, 'rejects.jsonl')
    const script = `sipis-gateway() { "${process.execPath}" ${commandLine} "$@"; }; ${next} --json --rejects ${rejects}`
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { env: { ...process.env, NEW: target.url } })
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'COPIED',
      next: null,
      mode: 'execute',
      committed: true,
      problems: [],
      lost: [{ table: 'restart', selectors: 1 }],
      rejectsFile: rejects,
      versions: { gateway: expect.any(String), target: { schema: 'v2', encoding: 'UTF8' } },
      seconds: { comparing: expect.any(Number) },
    })
  })

  it('tells what becomes of the settings of SIPIS, and edits them with --write-settings', async () => {
    const [source, target] = await pair()
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-migration-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const settings = await settingsOf(source, join(folder, 'Settings.xml'))
    const second = await settingsOf(source, join(folder, 'Settings2.xml'))
    await settingsOf(target, join(folder, 'Settings3.xml'))
    await writeFile(join(folder, 'Settings4.xml'), '<Sipis Defaults="Settings.xml"/>')
    const before = await readFile(settings, 'utf8')
    const url = new URL(target.url)
    url.searchParams.set('options', '-cstatement_timeout=600000')
    const { stdout: dry } = await run(['copy', url.href, settings])
    expect(dry).toMatch(
      /line 1 of \S+Settings\.xml becomes .*\n {2}<Database OpenString="host=\S+ .* password=\.\.\."\/>\n/,
    )
    expect(dry).toContain(`dbname=${url.pathname.slice(1)} `)
    expect(dry).toContain('OLD and NEW differ in more than the database: options.')
    expect(dry.match(/(\S+) still names the old database/g)).toEqual([`${second} still names the old database`])
    expect(await readFile(settings, 'utf8')).toBe(before)

    const done = await run(['copy', url.href, settings, '--execute', '--write-settings', '--json'])
    expect([done.code, JSON.parse(done.stdout)]).toMatchObject([
      0,
      { code: 'COPIED', settings: { file: settings, line: 1, backup: `${settings}.old` } },
    ])
    const names = [new URL(source.url), url].map(({ pathname }) => `dbname=${pathname.slice(1)} `)
    expect(await readFile(settings, 'utf8')).toBe(before.replace(names[0] ?? '', names[1] ?? ''))
    expect(await readFile(`${settings}.old`, 'utf8')).toBe(before)
    // As the vendor's step has them.
    const verify = () => run(['copy', settings, `${settings}.old`, '--verify-only'])
    const compared = await verify()
    expect([compared.code, compared.stdout]).toEqual([0, expect.not.stringMatching(/becomes|differ/)])
    const more = `application_name='x y'"/><HttpServer Port="5001"/><Server Name="S"/><Server Name="canary"/>`
    await writeFile(settings, (await readFile(settings, 'utf8')).replace('"/>', ` ${more}`))
    const { stdout } = await verify()
    expect(stdout).toContain(
      `${settings} and ${settings}.old differ in more than the database: HttpServer[Port], Server[Name], application_name of Database[OpenString].\n`,
    )
    expect(stdout).not.toContain('canary')
  })

  it.each([
    [[], /NEW is missing/],
    [['postgres://h/x', 'postgres://h/y', '--invalid-bytes', 'drop'], /Allowed choices are reject, replace, latin1/],
    [['postgres://u:canary@127.0.0.1:1/x', 'postgres://u:canary@127.0.0.1:1/y'], /the source \(OLD\), cannot be used/],
  ])('%j is refused with what to do', async (args, message) => {
    const { code, stderr, stdout } = await run(['copy', ...args])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('canary')
  })

  it.each<[string[], Partial<CopyFlags>, RegExp]>([
    [['postgres://127.0.0.1:1/x'], {}, /OLD is missing/],
    [['a', 'b'], {}, /neither a postgres/],
    [['/nowhere/Settings.xml', 'b'], {}, /Cannot read/],
    [['postgres://h/x', 'postgres://h/y'], { to: 'postgres://h/z' }, /same database twice/],
    [['postgres://h/x', 'y'], {}, /^OLD is neither a postgres/],
    [['postgres://h/x'], { from: 'y' }, /^--from is neither a postgres/],
    [['postgres://h/x', 'postgres://h/y'], { execute: true, verifyOnly: true }, /exclude each other/],
    [['postgres://h/x', 'postgres://h/y'], { writeSettings: true }, /works with --execute only/],
    [['postgres://h/x', 'postgres://h/y'], { writeSettings: true, execute: true }, /OLD is no Settings.xml/],
    [['postgres://h/x', 'postgres://h/y'], { acceptRejects: ['nonsense=1'] }, /The reasons are null-id/],
    [['postgres://h/x', 'postgres://h/y'], { acceptRejects: ['orphan=x'] }, /is not reason, reason=count/],
  ])('%j %j is refused with what to do', (places, given, message) => {
    const flags = { invalidBytes: 'reject', missedReason: 'Missed', lockTimeout: 10, ...given } as const
    const refused = () => {
      const names = namesOf(places, flags)
      adviseSettings(names, optionsOf(names, flags, {}), flags, {})
    }
    expect(refused).toThrow(message)
  })
})
