/**
 * A file of lines that is changed in place: its owner, mode, ACL, hard links and mounts stay, so a process that can read it
 * before a change can read it afterwards. Lines are appended or blanked and never move, so commands that change the file at
 * the same time need no lock.
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
  /** Counted from 1. */
  readonly number: number
  readonly text: string
  /** Where it starts in the file, and its length, in bytes. */
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
 * @returns its bytes; undefined where there is no such file
 * @throws Problem where it cannot be read, or where other users of the machine could read or change it
 */
export function readKeyFile(path: string): Buffer | undefined {
  return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK, (descriptor) => {
    judge(path, descriptor)
    return readFileSync(descriptor)
  })
}

/** The lines that are not blank. */
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

/** Appends a line to what the file was seen to hold, in one write. A new file can be read by its owner alone. */
export function appendLine(path: string, line: string, before: Buffer | undefined): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT
  withFile(path, flags, (descriptor) => {
    // A new file has not been judged, nor has its folder.
    judge(path, descriptor)
    // The last line of a file that was written by hand may lack its end.
    const end = before === undefined || before.length === 0 || before.at(-1) === newline ? '' : '\n'
    write(descriptor, Buffer.from(`${end}${line}\n`), null)
  })
}

/** Overwrites lines with spaces. */
export function blankLines(path: string, lines: readonly Line[]): void {
  withFile(path, constants.O_WRONLY, (descriptor) => {
    for (const { offset, length } of lines) write(descriptor, Buffer.alloc(length, ' '), offset)
  })
}

function write(descriptor: number, bytes: Buffer, position: number | null): void {
  const written = writeSync(descriptor, bytes, 0, bytes.length, position)
  if (written < bytes.length) throw Object.assign(new Error('The file is not written completely.'), { code: 'ENOSPC' })
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
        'Give its folder and the file itself to the user who runs the gateway, and run this command as that user or as root.',
    )
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

function judge(path: string, descriptor: number): void {
  const found = fstatSync(descriptor)
  if (!found.isFile()) throw new Problem(`API_KEYS_FILE ${path} is not a file. Name the file that holds the keys.`)
  if ((found.mode & others) !== 0) {
    throw new Problem(
      `Refused (world-readable-keys): every user of this machine can use API_KEYS_FILE ${path}. Run: chmod 600 ${path}`,
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
      `API_KEYS_FILE ${path} has more than ${maxBytes} bytes. Revoked keys leave blank lines: remove those with an editor.`,
    )
  }
}
