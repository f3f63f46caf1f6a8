import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { PGlite } from '@electric-sql/pglite'
import { z } from 'zod'

/** What an embedded database contains from its start on. */
export interface Contents {
  /** Part of the name of its snapshot. */
  readonly name: string
  /** All that `fill` depends on. With other inputs there is another snapshot. */
  readonly inputs: readonly string[]
  /** What is there before `fill`; undefined for an empty database. */
  readonly base: Contents | undefined
  fill(server: PGlite): Promise<void>
}

/** The folder of the snapshots: the files of embedded databases, so that a start need not make them. */
export const snapshotFolder: string = fileURLToPath(new URL('../../embedded', import.meta.url))

/** Name of the snapshot of these contents. It changes with whatever they depend on, so a snapshot is never out of date. */
export function snapshotName({ name, inputs, base }: Contents): string {
  const digest = createHash('sha256').update(installedVersion())
  for (const input of [base === undefined ? '' : snapshotName(base), ...inputs]) digest.update(`\0${input}`)
  return `${name}-${digest.digest('hex').slice(0, 16)}.tar.gz`
}

/** @returns undefined if there is none; the database is then made from its base, which takes longer */
export function readSnapshot(contents: Contents): Blob | undefined {
  try {
    return new Blob([gunzipSync(readFileSync(`${snapshotFolder}/${snapshotName(contents)}`))])
  } catch {
    return undefined
  }
}

/** The package does not export its package.json. */
function installedVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const text = readFileSync(new URL('../package.json', `file://${entry}`), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
