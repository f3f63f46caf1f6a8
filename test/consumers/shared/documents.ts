import { readFileSync } from 'node:fs'

/** Splits documents.graphql into its operations, by their names. */
export function failingDocuments(): ReadonlyMap<string, string> {
  const text = readFileSync(new URL('documents.graphql', import.meta.url), 'utf8')
  return new Map([...text.matchAll(/^query (\w+).*?^}$/gms)].map(([operation, name = '']) => [name, operation]))
}

/** Two queries for other parts of the same objects, which have no id. */
export const halves = [
  'query ($name: String!) { viewer { name } selector(name: $name) { id calls(first: 2) { nodes { id caller { uri } } } } }',
  'query ($name: String!) { viewer { scopes } selector(name: $name) { id calls(first: 2) { nodes { id caller { displayName } } } } }',
] as const
