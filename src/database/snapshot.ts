import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { PGlite } from '@electric-sql/pglite'
import { z } from 'zod'

/** Initial contents of an embedded database. */
export interface Contents {
  /** Prefix of the file name of the snapshot. */
  readonly name: string
  /** Everything that `fill` depends on; hashed into the file name. */
  readonly inputs: readonly string[]
  /** Contents before `fill`; undefined for an empty database. */
  readonly base: Contents | undefined
  fill(server: PGlite): Promise<void>
}

/** Folder of the snapshots: database files that are loaded at the start, which is faster than filling a database. */
export const snapshotFolder: string = fileURLToPath(new URL('../../embedded', import.meta.url))

/** File name of the snapshot. Includes a hash of all inputs, so a stale snapshot is never loaded. */
export function snapshotName({ name, inputs, base }: Contents): string {
  // The name of the base contains the version.
  const digest = createHash('sha256').update(base === undefined ? installedVersion() : snapshotName(base))
  for (const input of inputs) digest.update(`\0${input}`)
  return `${name}-${digest.digest('hex').slice(0, 16)}.tar.gz`
}

/** Gives its bytes at once. A Blob of Node copies them in small pieces, which takes a tenth of a start. */
class Files extends Blob {
  readonly #bytes: Buffer<ArrayBuffer>
  constructor(bytes: Buffer<ArrayBuffer>) {
    super()
    this.#bytes = bytes
  }
  override async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = this.#bytes
    return buffer.slice(byteOffset, byteOffset + byteLength)
  }
}

/** @returns undefined if there is no snapshot; the database is then filled, which takes longer */
export function readSnapshot(contents: Contents): Blob | undefined {
  try {
    return new Files(gunzipSync(readFileSync(`${snapshotFolder}/${snapshotName(contents)}`)))
  } catch {
    return undefined
  }
}

/** Version of PGlite. Resolved by path, because the package does not export its package.json. */
function installedVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const text = readFileSync(new URL('../package.json', `file://${entry}`), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
