import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtConsole, consoleSources } from '../console-folders.ts'
import { Refusal } from '../refusal.ts'

/** A file of the console, by its path below /console/. */
export interface BuiltFile {
  readonly path: string
  readonly contents: Uint8Array
}

/** What the build of the console exports. It is no part of the package. */
export interface ConsoleBuild {
  buildConsole(): Promise<readonly BuiltFile[]>
}

/** Ids and texts of the documents that the console sends. */
export const manifestName = 'documents.json'

/** @throws Refusal 503 if a clone lacks the packages that bundle the console */
export async function readConsole(): Promise<readonly BuiltFile[]> {
  if (existsSync(builtConsole)) return readFolder(fileURLToPath(builtConsole))
  try {
    // By an address, so that the bundle of the package does not contain the build.
    const build: ConsoleBuild = await import(new URL('build.ts', consoleSources).href)
    return await build.buildConsole()
  } catch {
    throw new Refusal(
      503,
      'UNAVAILABLE',
      'The console is not built, and cannot be built here. Run `npm ci` in the clone, or install the package.',
      { headers: { 'retry-after': '60' } },
    )
  }
}

async function readFolder(folder: string): Promise<readonly BuiltFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name)
        return { path: path.slice(folder.length), contents: await readFile(path) }
      }),
  )
}
