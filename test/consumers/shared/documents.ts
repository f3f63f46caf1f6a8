import { readFileSync } from 'node:fs'

/** Splits documents.graphql into its operations, by their names. */
export function failingDocuments(): ReadonlyMap<string, string> {
  const text = readFileSync(new URL('documents.graphql', import.meta.url), 'utf8')
  return new Map([...text.matchAll(/^query (\w+).*?^}$/gms)].map(([operation, name = '']) => [name, operation]))
}
