import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Documents, PreparedDocument } from '../../documents/documents.ts'
import { RefusedDocument } from '../../documents/documents.ts'
import { Problem } from '../../errors/problem.ts'
import { Refusal } from '../refusal.ts'
import type { Parameters } from './parameters.ts'

export interface TrustedDocuments {
  /**
   * Finds the document that the request names by id.
   *
   * @returns undefined if the request may send its own document instead
   * @throws Refusal 404 if the id is unknown, 200 PersistedQueryNotSupported if there are no trusted documents at all, 403 if the request names no document and only trusted ones are allowed
   */
  find(parameters: Parameters): PreparedDocument | undefined
}

export interface TrustedDocumentsOptions {
  /** Hash and text of each document, in the format of graphql-codegen's persistedDocuments. */
  readonly manifest: Readonly<Record<string, string>>
  /** Whether to reject all other documents. */
  readonly only: boolean
}

const manifest = z.record(z.string().min(1).max(256), z.string().min(1))

/** @throws Problem if the file cannot be read or is not a manifest */
export function readManifest(path: string): Readonly<Record<string, string>> {
  let given: unknown
  try {
    given = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new Problem(
      `TRUSTED_DOCUMENTS ${path} cannot be read as JSON. Set it to the manifest that the client's build creates.`,
    )
  }
  const parsed = manifest.safeParse(given)
  if (parsed.success) return parsed.data
  throw new Problem(`TRUSTED_DOCUMENTS ${path} is not a manifest: it must be a JSON object of hashes and documents.`)
}

/**
 * Parses and validates all trusted documents at start-up.
 *
 * @throws Problem if a document is invalid for the schema
 */
export function createTrustedDocuments(options: TrustedDocumentsOptions, documents: Documents): TrustedDocuments {
  const known = new Map(Object.entries(options.manifest).map(([id, text]) => [id, prepareTrusted(documents, id, text)]))
  return {
    find(parameters) {
      const id = idOf(parameters)
      if (id !== undefined) {
        const found = known.get(id)
        if (found !== undefined) return found
        if (!options.only && parameters.query != null) return undefined
        if (parameters.documentId == null && known.size === 0) throw notSupported
        throw new Refusal(
          404,
          'PERSISTED_QUERY_NOT_FOUND',
          'No trusted document has this id. Send the query itself, if the gateway allows it.',
        )
      }
      if (!options.only) return undefined
      throw new Refusal(
        403,
        'DOCUMENT_NOT_TRUSTED',
        'Only trusted documents are allowed (TRUSTED_ONLY). Send the id of one as documentId.',
      )
    },
  }
}

/** Clients of Apollo and urql recognize the message, and send queries themselves from then on. */
const notSupported = new Refusal(200, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')

const persistedQuery = z.object({ sha256Hash: z.string().max(256) })

/** Reads documentId (GraphQL-over-HTTP draft) or the persistedQuery extension (Apollo clients). */
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
    throw new Problem(`The trusted document ${id} is invalid for this schema: ${error.message} Rebuild the manifest.`)
  }
}
