/** Reads manifests of trusted documents, in the formats that the builds of clients create. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Problem } from '../../errors/problem.ts'

/** Text of each document by its id. */
export type Manifest = Readonly<Record<string, string>>

const id = z.string().min(1).max(256)
const text = z.string().min(1)

/** Of graphql-codegen (persistedDocuments) and of the Relay compiler (persistConfig.file). */
const plain = z.record(id, text)
/** Of @apollo/generate-persisted-query-manifest, and of Apollo's compilers for iOS and Android. */
const apollo = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id, body: text })),
})

/**
 * Reads a manifest.
 *
 * @throws Problem if the file cannot be read, is not a manifest, or has two documents with one id
 */
export function readManifest(path: string): Manifest {
  const manifest = parse(path, read(path))
  const texts = new Map<string, string>()
  for (const [id, text] of manifest) {
    const bare = bareId(id)
    if ((texts.get(bare) ?? text) !== text)
      throw new Problem(`TRUSTED_DOCUMENTS ${path} has two documents with the id ${bare}. Rebuild the manifest.`)
    texts.set(bare, text)
  }
  return Object.fromEntries(texts)
}

/** The id without the prefix `sha256:`, which some clients send and some manifests contain. */
export function bareId(id: string): string {
  return id.replace(/^sha256:/i, '')
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new Problem(
      `TRUSTED_DOCUMENTS ${path} cannot be read as JSON. Set it to the manifest that the client's build creates.`,
    )
  }
}

function parse(path: string, given: unknown): [string, string][] {
  const ofApollo = apollo.safeParse(given)
  if (ofApollo.success) return ofApollo.data.operations.map(({ id, body }) => [id, body])
  const parsed = plain.safeParse(given)
  if (parsed.success && !('format' in parsed.data)) return Object.entries(parsed.data)
  throw new Problem(
    `TRUSTED_DOCUMENTS ${path} is not a manifest: it must be a JSON object of hashes and documents, or Apollo's of version 1.`,
  )
}
