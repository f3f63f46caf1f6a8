import { closeSync, constants, openSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { Problem } from '../../errors/problem.ts'
import type { Observe } from '../../telemetry/observation.ts'

/** Destination of audit log lines. */
export interface AuditFile extends AsyncDisposable {
  write(line: string): void
}

const writeAsync = promisify(write)
const flushMs = 250
const retryMs = 1_000
/** Beyond this, lines are dropped, so that a failing audit log does not exhaust memory. */
const maxWaitingCharacters = 10_000_000
const standardError = 2

/**
 * Opens the audit log for appending. While writing fails, up to 10 million characters of lines wait in memory; the gateway's log
 * reports the first failure, the first lost line and the recovery.
 *
 * @param to path of a file, or `stderr`
 * @throws Problem if it cannot be opened or written
 */
export function openAuditFile(to: string, observe: Observe): AuditFile {
  const descriptor = to === 'stderr' ? standardError : openFile(to)
  let waiting: string[] = []
  /** Unwritten bytes of the last batch. */
  let rest = Buffer.alloc(0)
  let characters = 0
  let lost = 0
  let failure: string | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  const drop = (count: number) => {
    if (lost === 0) observe({ kind: 'auditLinesDropped', code: failure, lost: count })
    lost += count
  }

  /** Writes all waiting lines; on failure keeps the unwritten bytes for the next attempt. */
  const flush = async () => {
    const lines = waiting
    waiting = []
    rest = Buffer.concat([rest, Buffer.from(lines.join(''))])
    characters = rest.length
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await writeAsync(descriptor, rest)
        rest = rest.subarray(bytesWritten)
        characters -= bytesWritten
      }
      recovered()
    } catch (error) {
      failed(codeOf(error), lines.length)
    }
  }

  const failed = (code: string, lines: number) => {
    if (failure === undefined && code !== 'EAGAIN') observe({ kind: 'auditFailed', code, waiting: lines })
    failure = code
  }

  const recovered = () => {
    if (lost > 0 || (failure !== undefined && failure !== 'EAGAIN')) observe({ kind: 'auditRecovered', lost })
    failure = undefined
    lost = 0
  }

  const schedule = () => {
    timer ??= setTimeout(start, failure === undefined ? flushMs : retryMs).unref()
  }

  const start = () => {
    clearTimeout(timer)
    timer = undefined
    running ??= flush().finally(() => {
      running = undefined
      if (waiting.length + rest.length > 0) schedule()
    })
    return running
  }

  return {
    write(line) {
      if (characters + line.length > maxWaitingCharacters) return drop(1)
      waiting.push(line)
      characters += line.length
      schedule()
    },
    async [Symbol.asyncDispose]() {
      await running
      await start()
      clearTimeout(timer)
      const left = `${rest}${waiting.join('')}`.split('\n').length - 1
      if (left > 0) observe({ kind: 'auditEndLost', code: failure, lost: lost + left })
      if (descriptor !== standardError) closeSync(descriptor)
    },
  }
}

/** O_NONBLOCK makes opening a pipe without a reader fail instead of block. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

function openFile(path: string): number {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, flags, 0o600)
    // Some devices report only on write that they are not writable.
    writeSync(descriptor, Buffer.alloc(0))
    return descriptor
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    throw new Problem(
      `AUDIT_LOG ${path} cannot be written: ${reasons[codeOf(error)] ?? codeOf(error)}. ` +
        'Name a file that the user of the gateway can write, or set AUDIT_LOG=stderr.',
    )
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder does not exist',
  EACCES: 'this user has no permission',
  EPERM: 'this user has no permission',
  EISDIR: 'it is a folder',
  EROFS: 'its file system is read-only',
  ENOSPC: 'there is no space left',
  ENXIO: 'it is a pipe that no process reads',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
