import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'

/** The files of an empty database, as scripts/embedded-snapshot.ts makes them for the version of PGlite that is installed. */
export function snapshotFile(): URL {
  return new URL(`../../embedded/pglite-${installedVersion()}.tar.gz`, import.meta.url)
}

/** @returns undefined if there is none for this version; the database is then made from nothing, which takes longer */
export function readSnapshot(): Blob | undefined {
  try {
    return new Blob([gunzipSync(readFileSync(snapshotFile()))])
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
