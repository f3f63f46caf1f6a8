import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { Problem } from '../errors/problem.ts'
import type { Documents, PreparedDocument } from '../limits/documents.ts'
import { RefusedDocument } from '../limits/documents.ts'
import type { Parameters } from './parameters.ts'
import { Refusal } from './refusal.ts'

export interface TrustedDocuments {
  /**
   * The document that the request names; undefined where it names none and may bring its own. Fails with a Refusal.
   */
  find(parameters: Parameters): PreparedDocument | undefined
}

export interface TrustedDocumentsOptions {
  /** A manifest as graphql-codegen's persistedDocuments writes it: the hash and the text of each document. */
  readonly manifest: Readonly<Record<string, string>>
  /** Whether nothing else is answered. */
  readonly only: boolean
}

const manifest = z.record(z.string().min(1).max(256), z.string().min(1))

/** Fails with a Problem. */
export function readManifest(path: string): Readonly<Record<string, string>> {
  let given: unknown
  try {
    given = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new Problem(
      `TRUSTED_DOCUMENTS ${path} cannot be read as JSON. Name the manifest that your client's build has written.`,
    )
  }
  const parsed = manifest.safeParse(given)
  if (parsed.success) return parsed.data
  throw new Problem(`TRUSTED_DOCUMENTS ${path} is no manifest: it must be a JSON object of hashes and documents.`)
}

/** Every document is prepared at the start, so a request finds it ready. Fails with a Problem where one is not good. */
export function openTrustedDocuments(options: TrustedDocumentsOptions, documents: Documents): TrustedDocuments {
  const known = new Map(Object.entries(options.manifest).map(([id, text]) => [id, prepareTrusted(documents, id, text)]))
  return {
    find(parameters) {
      const id = idOf(parameters)
      if (id !== undefined) {
        const found = known.get(id)
        if (found !== undefined) return found
        if (!options.only && parameters.query != null) return undefined
        throw new Refusal(
          404,
          'PERSISTED_QUERY_NOT_FOUND',
          'There is no trusted document of this id. Send the query itself, if that is allowed.',
        )
      }
      if (!options.only) return undefined
      throw new Refusal(
        403,
        'FORBIDDEN',
        'Only trusted documents are answered here (TRUSTED_ONLY): send the id of one as documentId.',
      )
    },
  }
}

const persistedQuery = z.object({ sha256Hash: z.string().max(256) })

/** The name in the GraphQL-over-HTTP specification's draft, or the one that Apollo's clients use. */
function idOf({ documentId, extensions }: Parameters): string | undefined {
  if (documentId != null) return documentId
  if (extensions == null) return undefined
  const { data } = persistedQuery.safeParse(extensions?.['persistedQuery'])
  return data?.sha256Hash
}

function prepareTrusted(documents: Documents, id: string, text: string): PreparedDocument {
  try {
    return documents.prepare(text)
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error
    throw new Problem(
      `The trusted document ${id} is not good for this schema: ${error.message} Build the manifest anew.`,
    )
  }
}
