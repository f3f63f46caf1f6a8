import type { FileHandle } from 'node:fs/promises'
import { lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { to as copyTo } from 'pg-copy-streams'
import { Problem } from '../../../errors/problem.ts'
import type { Session } from '../databases/session.ts'
import { SideError } from '../databases/session.ts'
import { states } from '../failure.ts'
import type { AnalysedTask } from '../plan/task.ts'
import type { Mode } from './report.ts'

/** The list of rejected rows: one JSON line each with table, key and reason. Without `publish` nothing is left of it. */
export interface RejectsFile extends AsyncDisposable {
  add(source: Session, task: AnalysedTask): Promise<void>
  /**
   * Completes the file. A file whose name the operator has not given is kept only if rows are left behind.
   *
   * @returns its path, or undefined if it is not kept
   */
  publish(committed: boolean): Promise<string | undefined>
}

/**
 * Opens the rejects file of a copy under a temporary name, mode 600, before anything else is done.
 *
 * @returns undefined for a run that needs none
 * @throws Problem if the file exists or cannot be written
 */
export async function openRejects(mode: Mode, rejectsFile: string | undefined): Promise<RejectsFile | undefined> {
  if (rejectsFile === undefined && mode !== 'execute') return undefined
  const path = rejectsFile ?? `${ownName}${new Date().toISOString().replaceAll(/[:.]/g, '')}.jsonl`
  const temporary = `${path}${partialOf(process.pid)}`
  if (await exists(path)) throw unwritable(path, 'it exists already')
  // Of an earlier process with the same number, such as the first one of a container.
  await rm(temporary, { force: true }).catch(() => undefined)
  await removeLeftovers(dirname(path), rejectsFile === undefined ? ownNames : (name) => name === basename(path))
  const file = await open(temporary, 'wx', 0o600).catch((error: Error) => {
    throw unwritable(path, error.message)
  })
  let rows = 0
  return {
    async add(source, task) {
      for await (const line of rejectsOf(source, task)) {
        await write(file, line, path)
        rows++
      }
    },
    async publish(committed) {
      if (rejectsFile === undefined && !(committed && rows > 0)) return undefined
      await file
        .sync()
        .then(() => rename(temporary, path))
        .catch((error: Error) => {
          throw unwritable(path, error.message)
        })
      return path
    },
    async [Symbol.asyncDispose]() {
      await file.close()
      await rm(temporary, { force: true })
    },
  }
}

const ownName = 'sipis-copy-rejects-'
const ownNames = (name: string) => name.startsWith(ownName)

/** With the name of the machine, because a folder may be shared with others, such as containers, whose processes have the same numbers. */
function partialOf(pid: number): string {
  return `.${hostname()}.${pid}.partial`
}

/** Removes the temporary files of copies that were killed. */
async function removeLeftovers(folder: string, isMeant: (name: string) => boolean): Promise<void> {
  // A folder that cannot be read is reported when the file is opened.
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(/\.(\d+)\.partial$/.exec(name)?.[1])
    const ending = partialOf(pid)
    if (!(name.endsWith(ending) && isMeant(name.slice(0, -ending.length)))) continue
    if (!isRunning(pid)) await rm(join(folder, name)).catch(() => undefined)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another error is that of a process of another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function unwritable(path: string, why: string): Problem {
  return new Problem(`Cannot write the rejects file ${path}: ${why}. Name another with --rejects.`, 'REJECTS_FILE')
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** A full disk is nothing that a stack trace explains. */
async function write(file: FileHandle, line: string, path: string): Promise<void> {
  await file.write(line).catch((error: Error) => {
    throw new Problem(`${unwritable(path, error.message).message} ${states.unchanged}`, 'REJECTS_FILE')
  })
}

async function* fromSource<T>(lines: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* lines
  } catch (error) {
    throw new SideError('source', error)
  }
}

async function* rejectsOf(source: Session, { table, statements, collisions, report }: AnalysedTask) {
  if (Object.keys(report.rejects).length === 0) return
  const names = Object.keys(table.key)
  const stream = source.client.query(copyTo(`COPY (${statements.rejects(collisions)}) TO STDOUT`))
  for await (const line of fromSource(lines(stream))) {
    const [reason, ...values] = line.split('\t').map(unescapeCopy)
    const entries = names.map((name, index) => [name, values[index] ?? null])
    yield `${JSON.stringify({ table: table.name, key: Object.fromEntries(entries), reason })}\n`
  }
}

/** Splits at line feeds only; node:readline also splits at other line separators. */
async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const found = (rest + String(chunk)).split('\n')
    rest = found.pop() ?? ''
    yield* found
  }
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

function unescapeCopy(text: string): string | null {
  if (text === '\\N') return null
  return text.replaceAll(/\\(.)/g, (_, character: string) => escapes[character] ?? character)
}
