import type { Stats } from 'node:fs'
import { close, closeSync, constants, fstat, fstatSync, open, openSync, stat, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { Problem } from '../errors/problem.ts'
import type { Target } from './line-file.ts'
import { codeOf, LineFile } from './line-file.ts'
import type { FileName, Observe } from './observation.ts'

const fstatAsync = promisify(fstat)
const openAsync = promisify(open)
const statAsync = promisify(stat)
const writeAsync = promisify(write)

const delayMs = 250
/** Interval at which the path is compared with the open file while lines are written. */
const comparePathMs = 2_000
/** O_NONBLOCK makes opening a pipe without a reader fail instead of block. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
const mode = 0o600
/** PIPE_BUF of Linux: a pipe takes so much of one process at a time, without that of others in between. */
const pipeBytes = 4_096

/**
 * Opens the audit log for appending. A file that is renamed or removed is opened again.
 *
 * @param isShared whether other processes append to the same file
 * @throws Problem if it cannot be opened or written
 */
export function openAuditFile(path: string, observe: Observe, isShared = false): LineFile {
  return openAppendFile('audit', 'AUDIT_LOG', path, observe, isShared)
}

/**
 * Opens the access log, like the audit log.
 *
 * @throws Problem if it cannot be opened or written
 */
export function openAccessFile(path: string, observe: Observe, isShared = false): LineFile {
  return openAppendFile('access', 'ACCESS_LOG', path, observe, isShared)
}

function openAppendFile(file: FileName, setting: string, path: string, observe: Observe, isShared: boolean): LineFile {
  return new LineFile({ file, target: new PathTarget(path, openFile(path, setting)), observe, delayMs, isShared })
}

/** A file that is reopened when its path refers to another file. */
class PathTarget implements Target {
  readonly #path: string
  #descriptor: number
  #identity: Stats
  #comparedAt = performance.now()

  constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
    this.#identity = fstatSync(descriptor)
  }

  get wholeBytes(): number {
    return this.#identity.isFIFO() ? pipeBytes : Number.POSITIVE_INFINITY
  }

  async write(bytes: Buffer): Promise<number> {
    return (await writeAsync(this.#descriptor, bytes)).bytesWritten
  }

  reopen(): void {
    this.#comparedAt = Number.NEGATIVE_INFINITY
  }

  /** @throws the error of opening the file; lines wait until it can be opened */
  async refresh(): Promise<boolean> {
    if (performance.now() - this.#comparedAt < comparePathMs) return false
    const isRenamed = await this.#isRenamed()
    if (isRenamed) await this.#openAgain()
    this.#comparedAt = performance.now()
    return isRenamed
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  async #isRenamed(): Promise<boolean> {
    try {
      return !isSame(await statAsync(this.#path), this.#identity)
    } catch (error) {
      return goneCodes.has(codeOf(error))
    }
  }

  async #openAgain(): Promise<void> {
    const descriptor = await openAsync(this.#path, flags, mode)
    close(this.#descriptor, () => undefined)
    this.#descriptor = descriptor
    this.#identity = await fstatAsync(descriptor)
  }
}

const goneCodes: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR'])

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

function openFile(path: string, setting: string): number {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, flags, mode)
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
