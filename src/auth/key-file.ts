/**
 * A line-based file that is changed in place. Owner, mode, ACL, hard links and mounts are kept, so that running processes can still
 * read it. Lines are appended or overwritten and never move, so that concurrent commands need no lock.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Problem } from '../errors/problem.ts'

export interface Line {
  /** Line number, from 1. */
  readonly number: number
  readonly text: string
  /** Bytes from the start of the file; `length` is in bytes, without the newline. */
  readonly offset: number
  readonly length: number
}

const maxBytes = 16_000_000
const newline = 0x0a
const others = 0o007
const groupWrite = 0o020
const othersWrite = 0o002
const sticky = 0o1000

/**
 * Reads the whole file.
 *
 * @returns its bytes; undefined if the file does not exist
 * @throws Problem if it cannot be read, or other users of the machine can read or change it
 */
export function readKeyFile(path: string): Buffer | undefined {
  return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) => {
    checkPermissions(path, descriptor)
    return readFileSync(descriptor)
  })
}

/** Splits bytes into lines, without blank ones. */
export function linesOf(bytes: Buffer): Line[] {
  const lines: Line[] = []
  for (let offset = 0, number = 1; offset < bytes.length; number++) {
    const found = bytes.indexOf(newline, offset)
    const end = found === -1 ? bytes.length : found
    const text = bytes.toString('utf8', offset, end)
    if (text.trim() !== '') lines.push({ number, text, offset, length: end - offset })
    offset = end + 1
  }
  return lines
}

/**
 * Appends a line in one write. A new file is created with mode 600.
 *
 * @param before content of the file as last read; undefined if it did not exist
 * @throws Problem if the file cannot be changed, or other users of the machine can read or change it
 */
export function appendLine(path: string, line: string, before: Buffer | undefined): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
  withFile(path, flags, (descriptor) => {
    // Also checks a file that was just created, and its folder.
    checkPermissions(path, descriptor)
    // A hand-written file may lack the final newline.
    const end = before === undefined || before.length === 0 || before.at(-1) === newline ? '' : '\n'
    write(descriptor, Buffer.from(`${end}${line}\n`), null)
  })
}

/** Overwrites each line with a text that is not longer, and spaces. */
export function overwriteLines(path: string, changes: readonly { readonly line: Line; readonly text: string }[]): void {
  withFile(path, constants.O_WRONLY, (descriptor) => {
    for (const { line, text } of changes) {
      const bytes = Buffer.alloc(line.length, ' ')
      const written = bytes.write(text)
      if (written < Buffer.byteLength(text)) bytes.fill(' ')
      write(descriptor, bytes, line.offset)
    }
  })
}

function write(descriptor: number, bytes: Buffer, position: number | null): void {
  const written = writeSync(descriptor, bytes, 0, bytes.length, position)
  if (written < bytes.length) throw Object.assign(new Error('The line was written only in part.'), { code: 'ENOSPC' })
  fsyncSync(descriptor)
}

function withFile<T>(path: string, flags: number, use: (descriptor: number) => T): T | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, flags, 0o600)
    return use(descriptor)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' && (flags & constants.O_CREAT) === 0) return undefined
    if (code === undefined) throw error
    throw new Problem(
      `API_KEYS_FILE ${path} cannot be ${(flags & constants.O_WRONLY) === 0 ? 'read' : 'changed'} (${code}). ` +
        'The user who runs the gateway must own the file and its folder; run this command as that user or as root.',
    )
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function checkPermissions(path: string, descriptor: number): void {
  const found = fstatSync(descriptor)
  if (!found.isFile()) throw new Problem(`API_KEYS_FILE ${path} is not a file. Set it to the file that holds the keys.`)
  if ((found.mode & others) !== 0) {
    throw new Problem(
      `Refused (world-readable-keys): every user of this machine can read API_KEYS_FILE ${path}. Run: chmod 600 ${path}`,
    )
  }
  if ((found.mode & groupWrite) !== 0) {
    throw new Problem(
      `Refused (group-writable-keys): every member of its group can add keys to API_KEYS_FILE ${path}. Run: chmod g-w ${path}`,
    )
  }
  for (const folder of new Set([dirname(path), dirname(realpathSync(path))])) {
    if ((statSync(folder).mode & (othersWrite | sticky)) !== othersWrite) continue
    throw new Problem(
      `Refused (world-writable-folder): every user of this machine can replace API_KEYS_FILE ${path}. Run: chmod o-w ${folder}`,
    )
  }
  if (found.size > maxBytes) {
    throw new Problem(
      `API_KEYS_FILE ${path} has more than ${maxBytes} bytes. Remove the lines of revoked keys with an editor.`,
    )
  }
}
