import { closeSync, constants, openSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { Problem } from '../errors/problem.ts'
import type { Observation, Observe } from './observation.ts'

const writeAsync = promisify(write)
const flushMs = 250
const retryMs = 1_000
/** Beyond this, lines are dropped, so that a failing audit log does not exhaust memory. */
const maxWaitingCharacters = 10_000_000
const standardError = 2

/**
 * Opens the audit log for appending. While writing fails, up to 10 million characters of lines wait in memory; the first failure,
 * the first lost line and the recovery are observed.
 *
 * @param to path of a file, or `stderr`
 * @throws Problem if it cannot be opened or written
 */
export function openAuditFile(to: string, observe: Observe): LineFile {
  return new LineFile(to === 'stderr' ? standardError : openFile(to, 'AUDIT_LOG'), observe)
}

/**
 * Opens the access log for appending. What happens to it is observed as a warning.
 *
 * @param to path of a file, or `stderr`
 * @throws Problem if it cannot be opened or written
 */
export function openAccessFile(to: string, observe: Observe): LineFile {
  return new LineFile(to === 'stderr' ? standardError : openFile(to, 'ACCESS_LOG'), (observation) => {
    if (observation.kind === 'auditFailed') observe(accessWarning('Cannot write the access log', observation.code))
    if (observation.kind === 'auditRecovered') observe(accessWarning('The access log is writable again'))
  })
}

function accessWarning(message: string, cause?: string): Observation {
  return { kind: 'warning', message, ...(cause === undefined ? {} : { cause }) }
}

/** A file to which lines are appended in the background. */
export class LineFile implements AsyncDisposable {
  readonly #descriptor: number
  readonly #observe: Observe
  #waiting: string[] = []
  /** Unwritten bytes of the last batch. */
  #rest = Buffer.alloc(0)
  #characters = 0
  #lost = 0
  #failure: string | undefined
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(descriptor: number, observe: Observe) {
    this.#descriptor = descriptor
    this.#observe = observe
  }

  write(line: string): void {
    if (this.#characters + line.length > maxWaitingCharacters) this.#drop()
    else {
      this.#waiting.push(line)
      this.#characters += line.length
      this.#schedule()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running
    await this.#start()
    clearTimeout(this.#timer)
    const left = `${this.#rest}${this.#waiting.join('')}`.split('\n').length - 1
    if (left > 0) this.#observe({ kind: 'auditEndLost', code: this.#failure, lost: this.#lost + left })
    if (this.#descriptor !== standardError) closeSync(this.#descriptor)
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#start(), this.#failure === undefined ? flushMs : retryMs).unref()
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#flush().finally(() => {
      this.#running = undefined
      if (this.#waiting.length + this.#rest.length > 0) this.#schedule()
    })
    return this.#running
  }

  /** Writes all waiting lines; on failure keeps the unwritten bytes for the next attempt. */
  async #flush(): Promise<void> {
    const lines = this.#waiting
    this.#waiting = []
    this.#rest = Buffer.concat([this.#rest, Buffer.from(lines.join(''))])
    this.#characters = this.#rest.length
    try {
      while (this.#rest.length > 0) {
        const { bytesWritten } = await writeAsync(this.#descriptor, this.#rest)
        this.#rest = this.#rest.subarray(bytesWritten)
        this.#characters -= bytesWritten
      }
      this.#recovered()
    } catch (error) {
      this.#failed(codeOf(error), lines.length)
    }
  }

  #drop(): void {
    if (this.#lost === 0) this.#observe({ kind: 'auditLinesDropped', code: this.#failure, lost: 1 })
    this.#lost++
  }

  #failed(code: string, lines: number): void {
    if (this.#failure === undefined && code !== 'EAGAIN') this.#observe({ kind: 'auditFailed', code, waiting: lines })
    this.#failure = code
  }

  #recovered(): void {
    if (this.#lost > 0 || (this.#failure !== undefined && this.#failure !== 'EAGAIN'))
      this.#observe({ kind: 'auditRecovered', lost: this.#lost })
    this.#failure = undefined
    this.#lost = 0
  }
}

/** O_NONBLOCK makes opening a pipe without a reader fail instead of block. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK

function openFile(path: string, setting: string): number {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, flags, 0o600)
    // Some devices report only on write that they are not writable.
    writeSync(descriptor, Buffer.alloc(0))
    return descriptor
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    throw new Problem(
      `${setting} ${path} cannot be written: ${reasons[codeOf(error)] ?? codeOf(error)}. ` +
        `Name a file that the user of the gateway can write, or set ${setting}=stderr.`,
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
