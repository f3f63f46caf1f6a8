/** Waits that must end, and what is said about a failure. */

import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openSession } from '../../../src/tools/copy/databases/session.ts'
import { commandLine, run, start } from '../../support/command.ts'
import { atTable, rowCounts, runCopy, targetOf } from '../../support/copying.ts'
import { variants } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../../support/database.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { addDataSet } from '../../support/rows.ts'
import { until } from '../../support/until.ts'

async function pair(): Promise<[TestDatabase, TestDatabase]> {
  const source = untilTestEnds(await cloneDatabase('V1'))
  await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 10 })
  return [source, untilTestEnds(await cloneDatabase('V2'))]
}

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-copy-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

describe('A copy does not wait for ever', () => {
  it('after a setting that the server refuses', async () => {
    const [source, target] = await pair()
    const started = performance.now()
    await expect(runCopy(source, target, { lockTimeoutMs: 1e10 })).rejects.toThrow(/the source \(OLD\)/)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it.each(['source', 'target'] as const)('for a %s that stops answering, without a signal', async (side) => {
    const [source, target] = await pair()
    const databases = { source, target }
    const proxy = untilTestEnds(await startFaultProxy(databases[side].url))
    databases[side] = { ...databases[side], url: proxy.url }
    const progress = atTable((phase, table) => {
      if (table === 'data' && phase === (side === 'source' ? 'analysing' : 'comparing')) proxy.silenceAll()
    })
    const failed = runCopy(databases.source, databases.target, { mode: 'execute', silenceMs: 900 }, progress)
    await expect(failed).rejects.toMatchObject({ kind: 'SILENT', side, targetState: 'unchanged' })
  })

  it('and has both connections probed, so that a NAT keeps the idle one', async () => {
    const [source] = await pair()
    const options = { lockTimeoutMs: 1_000, silenceMs: 60_000 }
    await using session = await openSession('source', targetOf(source), options, new AbortController().signal)
    const { stdout } = await promisify(execFile)('ss', ['-tnoH', `dport = :${session.client.port}`])
    const { localPort } = session.client.connection.stream as unknown as { localPort: number }
    expect(stdout.split('\n').find((line) => line.includes(`:${localPort} `))).toMatch(/timer:\(keepalive,/)
    expect(await session.query('SHOW tcp_keepalives_idle')).toEqual([['10']])
  })
})

describe('A failure says', () => {
  it('which database, at what, that nothing was written, and what to do', async () => {
    const [source, target] = await pair()
    await target.sql(`ALTER TABLE sipcalls ADD CONSTRAINT never CHECK (rowid < 0)`)
    await expect(runCopy(source, target, { mode: 'execute' })).rejects.toMatchObject({
      kind: '23514',
      side: 'target',
      phase: 'copying',
      table: 'sipcalls',
      targetState: 'unchanged',
      message: expect.stringMatching(
        /failed while copying sipcalls\. The database .*, the target \(NEW\), reports: .*"never".*drop the check.*Nothing was written/,
      ),
    })
    expect((await runCopy(source, target)).warnings.join()).toMatch(/the constraint never, CHECK .*--rehearse/)
    await expect(runCopy(source, target, { mode: 'rehearse' })).rejects.toMatchObject({ kind: '23514' })
    expect(await rowCounts(target)).toMatchObject({ selectors: 0 })
  })

  it('that its backend was ended, on either side', async () => {
    const [source, target] = await pair()
    for (const [side, database] of [
      ['source', source],
      ['target', target],
    ] as const) {
      const progress = atTable((phase, table) => {
        if (phase !== 'analysing' || table !== 'restart') return
        void database.sql(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sipis-gateway copy'`,
        )
      })
      await expect(runCopy(source, target, { mode: 'execute' }, progress)).rejects.toMatchObject({
        side,
        targetState: 'unchanged',
        message: expect.stringMatching(/Nothing was written: source and target are unchanged/),
      })
    }
  })
})

describe('A rejects file on a full disk', () => {
  it('is a problem, and nothing was written', async () => {
    const [source, target] = await pair()
    await source.sql(`INSERT INTO pushtests VALUES (99, 'gone', 'x', now())`)
    const path = join(await folderOfTest(), 'full')
    const copy = `ulimit -f 0; trap '' XFSZ; exec "$0" "$4" copy "$1" "$2" --execute --rejects "$3" --accept-rejects orphan=1`
    const failed = promisify(execFile)('bash', [
      '-c',
      copy,
      process.execPath,
      target.url,
      source.url,
      path,
      commandLine,
      commandLine,
    ])
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Cannot write the rejects file .*EFBIG.* Nothing was written/),
    })
    expect(await rowCounts(target)).toMatchObject({ selectors: 0 })
  })
})

describe('A commit whose answer is lost', () => {
  it('is asked for, and is a success', async () => {
    const [source, target] = await pair()
    const proxy = untilTestEnds(await startFaultProxy(target.url))
    proxy.loseAnswerTo('COMMIT\0')
    const report = await runCopy(source, { ...target, url: proxy.url }, { mode: 'execute' })
    expect(report).toMatchObject({ committed: true })
    expect(await rowCounts(target)).toEqual(await rowCounts(source))
  })
})

describe('After the commit', () => {
  it.each([
    ['full', '>/dev/full 2>/dev/full'],
    ['closed', '>&- 2>&-'],
    ['a pipe without a reader', '2>&1 | true'],
  ])('success stays success where the output is %s, and is in the result file', async (_, redirection) => {
    const [source, target] = await pair()
    const path = join(await folderOfTest(), 'result.json')
    const command = `"$0" "$4" copy "$1" "$2" --execute --result "$3" ${redirection}`
    await promisify(execFile)('bash', [
      '-o',
      'pipefail',
      '-c',
      command,
      process.execPath,
      target.url,
      source.url,
      path,
      commandLine,
      commandLine,
    ])
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      outcome: 'COPIED',
      target: 'committed',
      report: { committed: true, problems: [] },
    })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await rowCounts(target)).toEqual(await rowCounts(source))
  })
})

describe('An output that takes nothing', () => {
  const copyTo = (target: TestDatabase, source: TestDatabase, flags = '') =>
    `"${process.execPath}" ${commandLine} copy '${target.url}' '${source.url}' --execute ${flags}`

  it.each(
    variants(
      [
        ['a full pipe, as both', '>&9 2>&9'],
        ['a full pipe, as standard error', '2>&9'],
        ['a full pipe, as standard output', '>&9'],
      ],
      1,
    ),
  )('%s, that nobody reads, neither stops nor fails a copy', async (_, redirection) => {
    const [source, target] = await pair()
    const pipe = join(await folderOfTest(), 'pipe')
    // Opened for both, so that it has a reader, which reads nothing.
    const fill = `mkfifo '${pipe}'; exec 9<>'${pipe}'; head -c 65536 /dev/zero >&9`
    await promisify(execFile)('bash', ['-c', `${fill}; ${copyTo(target, source)} ${redirection}`])
    expect(await rowCounts(target)).toEqual(await rowCounts(source))
  })

  it.each(variants(['', '--json'], 1))(
    'a terminal that has stopped neither stops nor fails a copy %s',
    async (flags) => {
      const [source, target] = await pair()
      const folder = await folderOfTest()
      const [started, stopped, code] = ['started', 'stopped', 'code'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ]
      const wait = `touch ${started}; until [ -e ${stopped} ]; do sleep 0.1; done; timeout 1 head -c 1000000 /dev/zero`
      const inside = `${wait}; ${copyTo(target, source, flags)}; echo $? > ${code}.new; mv ${code}.new ${code}`
      const terminal = spawn('script', ['-qec', inside, '/dev/null'], { stdio: 'ignore' })
      onTestFinished(() => void terminal.kill('SIGKILL'))
      await until('it has started', async () => existsSync(started))
      // What it shows is not read any more.
      terminal.kill('SIGSTOP')
      await writeFile(stopped, '')
      await until('it has ended', async () => existsSync(code))
      expect(await readFile(code, 'utf8')).toBe('0\n')
      expect(await rowCounts(target)).toEqual(await rowCounts(source))
    },
  )
})

describe('The result file', () => {
  it('says what became of the target, also after a failure, and is unfinished until then', async () => {
    const [source, target] = await pair()
    const folder = await folderOfTest()
    const path = join(folder, 'result.json')
    const result = async () => JSON.parse(await readFile(path, 'utf8'))
    const copy = (...args: string[]) => ['copy', target.url, source.url, '--result', path, ...args]
    const dry = await run(copy())
    expect([dry.code, await result()]).toMatchObject([0, { outcome: 'READY', target: 'unchanged' }])
    expect(dry.stderr).toMatch(/^Ready to copy \d+ rows\./m)
    await target.sql('BEGIN; LOCK TABLE data IN ACCESS EXCLUSIVE MODE')
    const locked = start(copy('--execute', '--lock-timeout', '3'))
    await expect.poll(result, { timeout: 20_000 }).toMatchObject({ outcome: 'UNFINISHED' })
    expect((await locked.finished).code).toBe(1)
    expect(await result()).toMatchObject({
      outcome: 'FAILED',
      target: 'unchanged',
      error: { code: '55P03', side: 'target', phase: 'preparing' },
    })
    await target.sql('ROLLBACK')
    await writeFile(join(folder, 'Settings.xml'), '<Sipis/>')
    const other = await run(['copy', target.url, source.url, '--result', join(folder, 'Settings.xml')])
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('is no result file') })
  })
})
