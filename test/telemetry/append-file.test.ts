import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAuditFile } from '../../src/telemetry/append-file.ts'
import type { Observation } from '../../src/telemetry/observation.ts'
import { until } from '../support/until.ts'

const observe = () => undefined
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-audit-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('The audit log file', () => {
  it('is readable only by its owner, is appended to, and contains every line when it is closed', async () => {
    const path = join(folder, 'audit.jsonl')
    for (const part of ['a', 'b']) {
      await using file = openAuditFile(path, observe)
      for (let n = 0; n < 1_000; n++) file.write(`${part}${n}\n`)
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const expected = ['a', 'b'].flatMap((part) => Array.from({ length: 1_000 }, (_, n) => `${part}${n}\n`))
    expect(await readFile(path, 'utf8')).toBe(expected.join(''))
  })

  it.each([
    ['is in a folder that does not exist', async () => join(folder, 'none', 'audit'), /its folder does not exist/],
    ['is a folder', async () => folder, /it is a folder/],
    ['is below a file', async () => join(process.execPath, 'audit'), /its folder does not exist/],
    ['is on a full disk', async () => '/dev/full', /there is no space left/],
    ['is a link to itself', async () => '/proc/self/none/x', /does not exist/],
  ])('is rejected if it %s', async (_, path, reason) => {
    const named = await path()
    expect(() => openAuditFile(named, observe)).toThrow(reason)
    expect(() => openAuditFile(named, observe)).toThrow(/^AUDIT_LOG .* cannot be written: .+\. .+AUDIT_LOG=stderr\.$/)
  })

  it.skipIf(process.getuid?.() === 0)('is rejected if the user has no permission', async () => {
    await mkdir(join(folder, 'closed'))
    await chmod(join(folder, 'closed'), 0o500)
    expect(() => openAuditFile(join(folder, 'closed', 'audit'), observe)).toThrow(/no permission/)
  })

  it('keeps lines in memory while it cannot be written, and logs the start and end of the failure', async () => {
    // A file size limit simulates a full disk; truncating the file frees space.
    const script = `
      import { readFileSync, truncateSync } from 'node:fs'
      import { openAuditFile } from './src/telemetry/append-file.ts'
      const log = []
      const path = ${JSON.stringify(join(folder, 'audit'))}
      const lines = Array.from({ length: 60 }, (_, n) => 'zażółć ' + n + '\\n')
      const file = openAuditFile(path, (observation) => log.push(observation))
      for (const line of lines) file.write(line)
      const end = performance.now() + 20_000
      const logged = async (count) => { while (log.length < count && performance.now() < end) await new Promise((next) => setTimeout(next, 20)) }
      await logged(1)
      const before = readFileSync(path)
      truncateSync(path)
      await logged(2)
      await file[Symbol.asyncDispose]()
      const whole = Buffer.concat([before, readFileSync(path)]).toString() === lines.join('')
      const wholeLines = before.toString().split('\\n').length - 1
      console.log(JSON.stringify({ log, wholeLines, whole }))`
    const child = spawn('sh', ['-c', 'ulimit -f 1; exec "$0" --input-type=module -e "$1"', process.execPath, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { log, wholeLines, whole } = JSON.parse(await text(child.stdout))
    expect(log).toMatchObject([
      { kind: 'fileFailed', file: 'audit', code: 'EFBIG', waiting: 60 - wholeLines },
      { kind: 'fileRecovered', lost: 0 },
    ])
    expect(whole).toBe(true)
    expect(wholeLines).toBeGreaterThan(0)
  })

  it('is reopened after it is renamed, without losing a line', async () => {
    const path = join(folder, 'audit')
    await using file = openAuditFile(path, observe)
    let written = 0
    const writeUntil = (what: string, condition: () => Promise<boolean>) =>
      until(what, () => {
        file.write(`${written++}\n`)
        return condition()
      })
    await writeUntil('the file has lines', async () => (await stat(path)).size > 0)
    for (const older of ['audit.1', 'audit.2']) {
      await rename(path, join(folder, older))
      // The second reopening causes no observation.
      if (older === 'audit.1') file.reopen()
      await writeUntil('there is a new file', async () => existsSync(path))
    }
    await file[Symbol.asyncDispose]()
    const parts = await Promise.all(['audit.1', 'audit.2', 'audit'].map((name) => readFile(join(folder, name), 'utf8')))
    expect(parts.join('')).toBe(Array.from({ length: written }, (_, n) => `${n}\n`).join(''))
  })

  it('keeps lines in memory while its folder is missing, and writes them once the folder exists', async () => {
    const observed: Observation[] = []
    const path = join(folder, 'logs', 'audit')
    await mkdir(join(folder, 'logs'))
    await using file = openAuditFile(path, (observation) => observed.push(observation))
    await rm(join(folder, 'logs'), { recursive: true })
    file.reopen()
    file.write('one\n')
    await until('the failure is observed', () => observed.length > 0)
    await mkdir(join(folder, 'logs'))
    await until('the recovery is observed', () => observed.length > 1)
    expect(observed).toEqual([
      { kind: 'fileFailed', file: 'audit', code: 'ENOENT', waiting: 1 },
      { kind: 'fileRecovered', file: 'audit', lost: 0 },
    ])
    expect(await readFile(path, 'utf8')).toBe('one\n')
  })

  it('drops lines beyond 10 MB in memory, and reports their number', async () => {
    const observed: Observation[] = []
    const path = join(folder, 'audit')
    {
      await using file = openAuditFile(path, (observation) => observed.push(observation))
      for (let n = 0; n < 1_100; n++) file.write(`${'x'.repeat(9_999)}\n`)
    }
    expect(observed).toMatchObject([
      { kind: 'linesDropped', lost: 1 },
      { kind: 'fileRecovered', lost: 100 },
    ])
    expect((await stat(path)).size).toBe(10_000_000)
  })
})
