import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-shared-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

const lineCount = 5_000
const longest = 3_000

/** Lines of many lengths: the writer, the number, and a filling that ends them. */
const lineOf = (writer: number, n: number) => `${writer} ${n} ${'ž'.repeat((n * 7919) % (longest / 2))}.`

function startWriter(path: string, writer: number): ChildProcess {
  const script = `
    import { openAuditFile } from './src/telemetry/append-file.ts'
    const file = openAuditFile(${JSON.stringify(path)}, () => undefined, true)
    const lineOf = (writer, n) => \`\${writer} \${n} \${'ž'.repeat((n * 7919) % ${longest / 2})}.\`
    for (let n = 0; n < ${lineCount}; n++) {
      file.write(lineOf(${writer}, n) + '\\n')
      // Many writes, beside those of the others.
      if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 300))
    }
    await file[Symbol.asyncDispose]()`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'inherit', 'inherit'] })
}

const writers = [1, 2, 3, 4]
const allLines = writers.flatMap((writer) => Array.from({ length: lineCount }, (_, n) => lineOf(writer, n)))

describe('A file to which several processes append', () => {
  it('has each line of each of them whole', async () => {
    const path = join(await temporaryFolder(), 'audit')
    await Promise.all(writers.map((writer) => once(startWriter(path, writer), 'exit')))
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(lines.toSorted()).toEqual(allLines.toSorted())
  })

  it('has them whole if it is a pipe, too', async () => {
    const path = join(await temporaryFolder(), 'pipe')
    execFileSync('mkfifo', [path])
    // A writer gives up where the reader takes nothing for half a second.
    const reader = spawn('sh', ['-c', 'exec cat "$0" > "$0.read"', path], { stdio: 'inherit' })
    const ended = once(reader, 'exit')
    await Promise.all(writers.map((writer) => once(startWriter(path, writer), 'exit')))
    await ended
    const lines = (await readFile(`${path}.read`, 'utf8')).trimEnd().split('\n')
    expect(lines.toSorted()).toEqual(allLines.toSorted())
  })

  it('has a line whole that a full disk has cut off, although another process writes first', async () => {
    // A file size limit simulates a full disk; truncating the file frees space.
    const script = `
      import { appendFileSync, readFileSync, truncateSync } from 'node:fs'
      import { openAuditFile } from './src/telemetry/append-file.ts'
      const log = []
      const path = ${JSON.stringify(join(await temporaryFolder(), 'audit'))}
      const lines = Array.from({ length: 60 }, (_, n) => 'zażółć ' + n)
      const file = openAuditFile(path, (observation) => log.push(observation), true)
      for (const line of lines) file.write(line + '\\n')
      const logged = async (count) => { while (log.length < count) await new Promise((next) => setTimeout(next, 20)) }
      await logged(1)
      const before = readFileSync(path, 'utf8')
      truncateSync(path)
      appendFileSync(path, 'of another process\\n')
      await logged(2)
      await file[Symbol.asyncDispose]()
      const found = [before, readFileSync(path, 'utf8')].flatMap((part) => part.split('\\n')).filter((line) => line !== '')
      console.log(JSON.stringify({ log, lines, found }))`
    const child = spawn('sh', ['-c', 'ulimit -f 1; exec "$0" --input-type=module -e "$1"', process.execPath, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { log, lines, found } = JSON.parse(await text(child.stdout))
    expect(log).toMatchObject([
      { kind: 'fileFailed', code: 'EFBIG' },
      { kind: 'fileRecovered', lost: 0 },
    ])
    const own = found.filter((line: string) => lines.includes(line))
    expect(own).toEqual(lines)
    const [beginning, ...others] = found.filter((line: string) => !lines.includes(line))
    expect(others).toEqual(['of another process'])
    expect(lines.some((line: string) => line.startsWith(beginning.replaceAll('\uFFFD', '')))).toBe(true)
  })
})
