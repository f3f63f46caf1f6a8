import { defaultLimits } from '../../src/config/limits.ts'
import { createDocuments } from '../../src/documents/documents.ts'
import { schema } from '../../src/graph/schema.ts'

export const settings = Array.from({ length: 60 }, (_, number) => `setting${number}`)
export const documents = createDocuments(schema, defaultLimits, { allowedSettings: settings.length })

export function costOf(query: string, variables: Readonly<Record<string, unknown>> = {}): number {
  const prepared = documents.prepare(query)
  const operation = prepared.operation(undefined)
  if (operation === undefined) throw new Error('There is no operation.')
  return prepared.cost(operation, variables)
}
