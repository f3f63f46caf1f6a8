/** The declarations of the package: those that its entries reach. */
import { globSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Removes the declarations of internal modules: they are four fifths of the files, and name types of packages that are bundled. */
export function removeInternalDeclarations(folder: string, entries: readonly string[]): void {
  const kept = new Set<string>()
  for (const entry of entries) reach(resolve(folder, entry), kept)
  for (const file of globSync('**/*.d.ts', { cwd: folder }))
    if (!kept.has(resolve(folder, file))) rmSync(join(folder, file))
}

function reach(file: string, kept: Set<string>): void {
  if (kept.has(file)) return
  kept.add(file)
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.ts['"]/g))
    reach(resolve(file, '..', `${path}.d.ts`), kept)
}
