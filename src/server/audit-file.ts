import { closeSync, constants, openSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { Problem } from '../errors/problem.ts'

/** Where lines of the audit log go. */
export interface AuditFile extends AsyncDisposable {
  write(line: string): void
}

const writeAsync = promisify(write)
const flushMs = 250
const retryMs = 1_000
/** Beyond this lines are dropped, because an audit log must not end the service. */
const maxWaitingCharacters = 10_000_000
const standardError = 2

/**
 * Opens the audit log for appending. While it cannot be written its lines wait, up to 10 MB; the log of the gateway says when
 * that begins, when lines are lost, and when it ends.
 *
 * @param to the path of a file, or `stderr`
 * @throws Problem where it cannot be opened or written
 */
export function openAuditFile(to: string, logger: Logger): AuditFile {
  const descriptor = to === 'stderr' ? standardError : openFile(to)
  let waiting: string[] = []
  /** What is left of lines that were written in part. */
  let rest = Buffer.alloc(0)
  let characters = 0
  let lost = 0
  let failure: string | undefined
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  const drop = (count: number) => {
    if (lost === 0) logger.error({ code: failure, lost: count }, 'The audit log loses lines')
    lost += count
  }

  /** Writes all that waits, or keeps what is left for the next time. */
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
    if (failure === undefined && code !== 'EAGAIN')
      logger.error({ code, lost, waiting: lines }, 'The audit log cannot be written; its lines wait in memory')
    failure = code
  }

  const recovered = () => {
    if (lost > 0 || (failure !== undefined && failure !== 'EAGAIN'))
      logger.warn({ lost }, 'The audit log is written again; lost is the number of lines that are missing')
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
      if (left > 0) logger.error({ code: failure, lost: lost + left }, 'The audit log ends without its last lines')
      if (descriptor !== standardError) closeSync(descriptor)
    },
  }
}

/** A pipe without a reader is refused instead of waited for. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

function openFile(path: string): number {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, flags, 0o600)
    // A device may refuse to be written only when it is.
    writeSync(descriptor, Buffer.alloc(0))
    return descriptor
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    throw new Problem(
      `AUDIT_LOG ${path} cannot be written: ${reasons[codeOf(error)] ?? codeOf(error)}. ` +
        'Name a file that the user who runs the gateway can write, or set AUDIT_LOG=stderr.',
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
