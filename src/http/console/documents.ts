import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { builtConsole, consoleSources } from '../console-folders.ts'
import { readManifest } from '../graphql/trusted-manifest.ts'
import { manifestName } from './files.ts'

/** Text of the console's document with this id. */
export type ConsoleDocuments = (id: string) => string | undefined

/** The documents that the console sends by id. Read when a client first sends an id that the operator's manifest does not have. */
export function createConsoleDocuments(): ConsoleDocuments {
  let documents: ReadonlyMap<string, string> | undefined
  return (id) => {
    documents ??= read()
    return documents.get(id)
  }
}

function read(): ReadonlyMap<string, string> {
  const candidates = [new URL(manifestName, builtConsole), new URL(`client/${manifestName}`, consoleSources)]
  const [path] = candidates.map((url) => fileURLToPath(url)).filter(existsSync)
  return new Map(path === undefined ? [] : Object.entries(readManifest(path)))
}
