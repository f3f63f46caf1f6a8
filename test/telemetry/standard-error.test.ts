import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'

/** Runs a module in a new process with this descriptor as standard error. Standard output is a file or a pipe. */
function runModule(script: string, standardError: number | 'pipe', prefix = ''): ChildProcess & Streams {
  const args = ['-c', `${prefix} exec "$0" --input-type=module -e "$1"`, process.execPath, script]
  const child = spawn('sh', args, { stdio: ['pipe', 'pipe', standardError] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('The process has no pipes.')
  return Object.assign(child, { stdin, stdout })
}

interface Streams {
  readonly stdin: Writable
  readonly stdout: Readable
}

const flood = 30_000
/** Writes 30 MB of lines, reports on standard output that it is still running, and exits when standard input ends. */
const flooding = `
  import { writeSync } from 'node:fs'
  import { openLog } from './src/telemetry/log.ts'
  await using log = openLog('info')
  for (let n = 0; n < ${flood}; n++) log.standardError.write(JSON.stringify({ n, text: 'x'.repeat(1_000) }) + '\\n')
  await new Promise((next) => setTimeout(next, 100))
  writeSync(1, 'goes on')
  for await (const _ of process.stdin);`

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-output-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

function linesOf(output: string): { n?: number; lost?: number; msg?: string }[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Reads all output, until the log has reported the number of dropped lines. */
async function readUntilTold(stream: Readable): Promise<string> {
  let read = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    read += chunk
    if (/log lines were dropped.*\n$/.test(read.slice(-300))) return read
  }
  throw new Error('The log does not report the number of dropped lines.')
}

describe('Standard error that is not read', () => {
  it.each(['pipe', 'socket'])(
    'as a %s neither blocks the process nor drops more lines than reported, and contains only complete lines',
    async (kind) => {
      const fifo = join(await folderOfTest(), 'fifo')
      execFileSync('mkfifo', [fifo])
      // Node connects child processes by sockets. A pipe that is opened for reading and writing needs no reader.
      const child = runModule(flooding, kind === 'pipe' ? openSync(fifo, 'r+') : 'pipe')
      await once(child.stdout, 'data')
      const stream = child.stderr ?? createReadStream(fifo)
      const lines = linesOf(await readUntilTold(stream))
      const [last, ...rest] = lines.toReversed()
      expect(rest.map(({ n }) => n).toReversed()).toEqual(rest.map((_, index) => index))
      expect(last).toMatchObject({ level: 40, lost: flood - rest.length, msg: `${last?.lost} log lines were dropped` })
      child.stdin.end()
      expect(await once(child, 'exit')).toEqual([0, null])
    },
  )

  it('does not prevent the process from exiting', async () => {
    const fifo = join(await folderOfTest(), 'fifo')
    execFileSync('mkfifo', [fifo])
    const child = runModule(flooding, openSync(fifo, 'r+'))
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('Standard error that cannot be written', () => {
  it('does not end the process', async () => {
    const child = runModule(flooding, openSync('/dev/full', 'w'))
    await once(child.stdout, 'data')
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('gets its lines once there is space', async () => {
    const path = join(await folderOfTest(), 'log')
    // A file size limit simulates a full disk; truncating the file frees space.
    const child = runModule(
      `
      import { readFileSync, truncateSync } from 'node:fs'
      import { openLog } from './src/telemetry/log.ts'
      const path = ${JSON.stringify(path)}
      const size = async (bytes) => { while (readFileSync(path).length < bytes) await new Promise((next) => setTimeout(next, 20)) }
      let before
      {
        await using log = openLog('info')
        for (let n = 0; n < 60; n++) log.standardError.write('zażółć ' + n + '\\n')
        await size(512)
        before = readFileSync(path)
        truncateSync(path)
        await size(1)
      }
      console.log(Buffer.concat([before, readFileSync(path)]).toString())`,
      openSync(path, 'a'),
      'ulimit -f 1;',
    )
    expect((await text(child.stdout)).trimEnd().split('\n')).toEqual(
      Array.from({ length: 60 }, (_, n) => `zażółć ${n}`),
    )
  })

  it('contains lines that are written just before the process exits', async () => {
    const child = runModule(
      `
      import { openLog } from './src/telemetry/log.ts'
      openLog('info').standardError.write('the last one\\n')
      process.exit(3)`,
      openSync(join(await folderOfTest(), 'log'), 'a'),
    )
    expect(await once(child, 'exit')).toEqual([3, null])
  })
})
