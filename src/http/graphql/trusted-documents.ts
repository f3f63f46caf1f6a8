import { hash } from 'node:crypto'
import type { Documents, PreparedDocument } from '../../documents/documents.ts'
import { RefusedDocument } from '../../documents/documents.ts'
import { Problem } from '../../errors/problem.ts'
import { Refusal } from '../refusal.ts'
import type { Parameters } from './parameters.ts'
import type { Manifest } from './trusted-manifest.ts'
import { bareId } from './trusted-manifest.ts'

export interface TrustedDocuments {
  /**
   * Finds the document that the request names by id.
   *
   * @returns undefined if the request may send its own document instead
   * @throws Refusal 200 or 404 if the id is unknown and there is no query; 400 if the query is not the one with this id; 403 if only
   *   trusted documents are allowed and the request names none
   * @throws RefusedDocument if a document of the console exceeds a limit
   */
  find(parameters: Parameters): PreparedDocument | undefined
}

export interface TrustedDocumentsOptions {
  readonly manifest: Manifest
  /** Whether to reject all other documents. */
  readonly only: boolean
  /** Documents of the gateway's own, which are trusted whatever the manifest says. */
  readonly ofConsole?: (id: string) => string | undefined
}

interface TrustedDocument {
  readonly text: string
  readonly prepared: PreparedDocument
}

/**
 * Parses and validates all trusted documents at start-up.
 *
 * @throws Problem if a document is invalid for the schema
 */
export function createTrustedDocuments(
  { manifest, only, ofConsole = () => undefined }: TrustedDocumentsOptions,
  documents: Documents,
): TrustedDocuments {
  const known = new Map<string, TrustedDocument>()
  for (const [id, text] of Object.entries(manifest))
    known.set(bareId(id), { text, prepared: prepareTrusted(documents, id, text) })

  /** Prepared when it is sent, so that the start does not wait for it, and cached like any other document. */
  const findOfConsole = (id: string): TrustedDocument | undefined => {
    const text = ofConsole(id)
    return text === undefined ? undefined : { text, prepared: documents.prepare(text) }
  }

  const ofUnknownId = (id: DocumentId, query: string | undefined): undefined => {
    if (query === undefined) throw unknownId(id, only || known.size > 0)
    if (only) throw notTrusted
    if (id.isHash && !isHashOf(id.text, query)) throw disagrees
    return undefined
  }

  return {
    find(parameters) {
      const id = idOf(parameters)
      const query = parameters.query === '' ? undefined : (parameters.query ?? undefined)
      if (id === undefined) {
        if (only) throw notTrusted
        return undefined
      }
      const found = known.get(id.text) ?? findOfConsole(id.text)
      if (found === undefined) return ofUnknownId(id, query)
      if (query === undefined || query === found.text || isHashOf(id.text, query)) return found.prepared
      throw disagrees
    },
  }
}

const notTrusted = new Refusal(
  403,
  'DOCUMENT_NOT_TRUSTED',
  'Only trusted documents are allowed (TRUSTED_ONLY). Send the id of one as documentId.',
)

const disagrees = new Refusal(
  400,
  'BAD_USER_INPUT',
  'The query is not the one with this id or hash. Send one of them, or the SHA-256 of this query.',
)

interface DocumentId {
  /** Without `sha256:`. */
  readonly text: string
  /** Whether it can only be the SHA-256 of a query. Other ids have any form. */
  readonly isHash: boolean
  /** Whether it was sent as Apollo's and urql's clients do, which expect status 200. */
  readonly isExtension: boolean
}

/** Reads documentId (GraphQL-over-HTTP draft) or the persistedQuery extension (clients of Apollo and urql). */
function idOf({ documentId, extensions }: Parameters): DocumentId | undefined {
  if (documentId != null) {
    const text = bareId(documentId)
    return { text, isHash: text !== documentId, isExtension: false }
  }
  const sha256Hash = sha256HashOf(extensions?.['persistedQuery'])
  return sha256Hash === undefined ? undefined : { text: bareId(sha256Hash), isHash: true, isExtension: true }
}

function sha256HashOf(extension: unknown): string | undefined {
  if (typeof extension !== 'object' || extension === null || !('sha256Hash' in extension)) return undefined
  const { sha256Hash } = extension
  return typeof sha256Hash === 'string' && sha256Hash !== '' && sha256Hash.length <= 256 ? sha256Hash : undefined
}

function isHashOf(id: string, query: string): boolean {
  return id.toLowerCase() === hash('sha256', query)
}

/** The messages are those that clients compare with, to send the query itself or to stop sending hashes. */
function unknownId({ isExtension }: DocumentId, hasDocuments: boolean): Refusal {
  if (hasDocuments) {
    return isExtension
      ? new Refusal(200, 'PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
      : new Refusal(404, 'PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
  }
  return isExtension
    ? new Refusal(200, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')
    : new Refusal(404, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')
}

function prepareTrusted(documents: Documents, id: string, text: string): PreparedDocument {
  try {
    return documents.prepare(text)
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error
    throw new Problem(`The trusted document ${id} is invalid for this schema: ${error.message} Rebuild the manifest.`)
  }
}
