import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acceptances } from '../../../src/cli/accept-rejects.ts'
import { copy } from '../../../src/tools/copy/copy.ts'
import type { LongPhase } from '../../../src/tools/copy/phase.ts'
import { describeLost } from '../../../src/tools/copy/report/lost.ts'
import { run, start } from '../../support/command.ts'
import { optionsFor, rowCounts, runCopy, silent } from '../../support/copying.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase } from '../../support/database.ts'

let folder: string
let source: TestDatabase
let target: TestDatabase
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-rejects-'))
  source = await cloneDatabase('V1')
  target = await cloneDatabase('V2', 'SQL_ASCII')
  await source.sql(
    `INSERT INTO selectors (id, selector) SELECT n, 's' || lpad(n::text, 2, '0') FROM generate_series(1, 14) n`,
  )
  await source.sql(`INSERT INTO selectors (id, selector) VALUES (20, NULL)`)
  await source.sql(`INSERT INTO pushtests VALUES (99, 'gone', 'x', now()), (1, 'kept', 'x', now())`)
  await source.sql(`INSERT INTO sipcalls (id, time) VALUES (20, now()), (1, now())`)
  await source.sql(
    `INSERT INTO sipcalls (id, time, username) VALUES (2, now(), repeat('ž', 200)), (2, now(), repeat('ž', 255))`,
  )
  await source.sql(`INSERT INTO restart (id, name, seq) SELECT n, repeat('n', 65), 1 FROM generate_series(1, 12) n`)
  await source.sql(`INSERT INTO restart (id, name, seq) VALUES (1, repeat('n', 65), 2), (14, 'fits', 0)`)
  await source.sql(`INSERT INTO data (id, name) VALUES (3, repeat('ž', 33)), (NULL, 'x')`)
})
afterAll(async () => {
  await source[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const needed = acceptances(['too-long=16,null-id=1'])
/** Of this process: other tests copy into the same folder. */
const litter = async () => (await readdir('.')).filter((name) => name.endsWith(`.${process.pid}.partial`))

describe('Rows that cannot be copied', () => {
  it('are told in terms of users, with the first selectors', async () => {
    const { lost, problems } = await runCopy(source, target)
    expect(lost.map(describeLost)).toEqual([
      '2 calls are not announced: s02',
      '1 account loses 1 entry of data, which holds the values of SIP accounts: s03',
      '12 accounts lose 13 entries of restart, which holds the values of SIP accounts: s01, s02, s03, s04, s05, s06, s07, s08, s09, s10 and 2 more',
    ])
    expect(problems.map((problem) => /--accept-rejects (\S+)/.exec(problem)?.[1])).toEqual(['too-long=16', 'null-id=1'])
  })

  it('leave no file behind if they are refused or nobody has named one', async () => {
    const before = await litter()
    expect((await runCopy(source, target, { mode: 'execute' })).rejectsFile).toBeUndefined()
    expect((await runCopy(source, target)).rejectsFile).toBeUndefined()
    expect(await litter()).toEqual(before)
  })

  it('leave a file behind if the copy is killed, which the next one removes', async () => {
    const path = join(folder, 'killed.jsonl')
    const args = ['copy', target.url, source.url, '--rejects', path]
    const running = start(args)
    await running.printed('Analysing selectors')
    running.child.kill('SIGKILL')
    await running.finished
    const [left = ''] = await readdir(folder)
    expect(left).toMatch(/^killed\.jsonl\..*\d+\.partial$/)
    // Not that of a copy that is running, nor other files.
    const kept = [left.replace(/\d+\.partial$/, `${process.pid}.partial`), `other-${left}`, left.replace(/\d/g, '')]
    for (const name of kept) await writeFile(join(folder, name), '')
    expect((await run(args)).code).toBe(1)
    expect((await readdir(folder)).sort()).toEqual(['killed.jsonl', ...kept].sort())
    for (const name of await readdir(folder)) await rm(join(folder, name))
  })

  it('are listed in a file that appears whole, at the end, and is opened first', async () => {
    const path = join(folder, 'rejects.jsonl')
    for (const phase of ['analysing', 'copying', 'comparing'] as const) {
      await expect(interruptedIn(phase, path)).rejects.toThrow('Interrupted')
      expect(await readdir(folder)).toEqual([])
    }
    expect(Object.values(await rowCounts(target)).every((rows) => rows === 0)).toBe(true)
    const unreachable = { ...source, url: 'postgres://127.0.0.1:1/x' }
    await expect(runCopy(unreachable, target, { rejectsFile: join(folder, 'none', 'file') })).rejects.toThrow(
      /^Cannot write the rejects file .*none\/file: .*--rejects/,
    )
    await runCopy(source, target, { rejectsFile: path })
    await expect(runCopy(unreachable, target, { rejectsFile: path })).rejects.toThrow(/exists already/)
    await rm(path)
    const { committed, rejectsFile } = await runCopy(source, target, {
      mode: 'execute',
      accepted: needed,
      rejectsFile: path,
    })
    expect([committed, rejectsFile, await readdir(folder)]).toEqual([true, path, ['rejects.jsonl']])
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(20)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await expect(runCopy(source, target, { mode: 'execute', rejectsFile: `${path}2` })).rejects.toThrow(/not empty/)
    expect(await readdir(folder)).toEqual(['rejects.jsonl'])
  })
})

/** Seen from the directory while the copy runs: only a temporary file. */
async function interruptedIn(phase: LongPhase, rejectsFile: string): Promise<unknown> {
  const interrupted = new AbortController()
  const seen: string[] = []
  const progress = {
    ...silent,
    phase(name: LongPhase, sizes: ReadonlyMap<string, number>) {
      if (name === phase) {
        interrupted.abort()
        void readdir(folder).then((names) => seen.push(...names))
      }
      return silent.phase(name, sizes)
    },
  }
  const options = optionsFor(source, target, { mode: 'execute', accepted: needed, rejectsFile })
  try {
    return await copy(options, progress, interrupted.signal)
  } finally {
    expect(seen).toEqual([expect.stringMatching(/^rejects\.jsonl\..*\.\d+\.partial$/)])
  }
}
