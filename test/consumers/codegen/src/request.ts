import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core'
import type { DocumentNode } from 'graphql'
import { print } from 'graphql'
import type { Request, Seen } from '../../shared/failures.ts'

type Document<Data, Variables> = DocumentNode & DocumentTypeDecoration<Data, Variables>

interface Answer<Data> {
  readonly data?: Data | null
  readonly errors?: Seen['errors']
}

/** Sends a document by its text, or by the hash that codegen put into it. */
export async function request<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables,
  { url, credential }: Pick<Request, 'url' | 'credential'>,
  by: 'text' | 'hash' = 'text',
): Promise<Answer<Data>> {
  const named = by === 'text' ? { query: print(document) } : { documentId: hashOf(document) }
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json',
      'content-type': 'application/json',
      authorization: `Bearer ${credential}`,
    },
    body: JSON.stringify({ ...named, variables }),
  })
  return JSON.parse(await response.text())
}

function hashOf(document: object): string {
  if ('__meta__' in document && typeof document.__meta__ === 'object' && document.__meta__ !== null)
    if ('hash' in document.__meta__) return String(document.__meta__.hash)
  throw new Error('codegen has put no hash into the document.')
}
