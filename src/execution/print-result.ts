import type { ExecutionResult } from 'graphql'
import { Printed } from '../graph/printing/printed-lists.ts'

/**
 * The result as JSON, as JSON.stringify would make it. Its data may hold parts that are printed already. Texts are added to one another,
 * because `join` would copy them at each level.
 */
export function printResult(result: ExecutionResult): string {
  return braced(Object.entries(result), (key, value) => (key === 'data' ? print(value) : JSON.stringify(value)))
}

function print(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (value instanceof Printed) return value.json
  if (!Array.isArray(value)) return braced(Object.entries(value), (_, inner) => print(inner))
  let text = '['
  for (const item of value) text += text.length === 1 ? print(item) : `,${print(item)}`
  return `${text}]`
}

/** Keys are names of GraphQL, which need no escapes: no scalar has an object as its value. */
function braced(entries: readonly [string, unknown][], print: (key: string, value: unknown) => string): string {
  let text = '{'
  for (const [key, value] of entries) text += `${text.length === 1 ? '' : ','}"${key}":${print(key, value)}`
  return `${text}}`
}
