import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { to as copyTo } from 'pg-copy-streams'
import { Problem } from '../../errors/problem.ts'
import type { CopyTable } from './plan.ts'
import type { Session } from './session.ts'

export interface RejectsFile extends AsyncDisposable {
  readonly path: string
  add(source: Session, table: CopyTable, select: string): Promise<void>
}

/**
 * Creates the rejects file: one JSON line per rejected row with table, key and reason. Mode 600.
 *
 * @throws Problem if the file exists or cannot be written
 */
export async function openRejectsFile(path: string): Promise<RejectsFile> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'it exists already' : error.message
    throw new Problem(`Cannot write the rejects file ${path}: ${why}. Name another with --rejects.`)
  })
  return {
    path,
    async add(source, { name: table, key }, select) {
      const names = Object.keys(key)
      const stream = source.client.query(copyTo(`COPY (${select}) TO STDOUT`))
      for await (const line of lines(stream)) {
        const [reason, ...values] = line.split('\t').map(unescapeCopy)
        const entries = names.map((name, index) => [name, values[index] ?? null])
        await file.write(`${JSON.stringify({ table, key: Object.fromEntries(entries), reason })}\n`)
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
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
