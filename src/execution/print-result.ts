import type { ExecutionResult } from 'graphql'
import { Printed } from '../graph/printing/printed-lists.ts'

/** The result as JSON, as JSON.stringify would make it. Its data may hold parts that are printed already. */
export function printResult(result: ExecutionResult): string {
  const parts = Object.entries(result).map(
    ([key, value]) => `"${key}":${key === 'data' ? print(value) : JSON.stringify(value)}`,
  )
  return `{${parts.join()}}`
}

/** Keys are names of GraphQL, which need no escapes: no scalar has an object as its value. */
function print(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (value instanceof Printed) return value.json
  if (Array.isArray(value)) return `[${value.map(print).join()}]`
  const parts = Object.entries(value).map(([key, inner]) => `"${key}":${print(inner)}`)
  return `{${parts.join()}}`
}
