import type { ExecutionResult } from 'graphql'
import { Output } from '../graph/printing/output.ts'
import { Printed } from '../graph/printing/printed-lists.ts'

/** One for all, because a result is printed at once. */
const output = new Output()

/** The result as JSON, as JSON.stringify would make it. Its data may hold parts that are printed already. */
export function printResult(result: ExecutionResult): Buffer {
  const { data } = result
  if (data == null) return Buffer.from(JSON.stringify(result))
  output.clear()
  let text = '{'
  for (const [key, value] of Object.entries(result)) {
    text += `${text === '{' ? '' : ','}"${key}":`
    text = key === 'data' ? print(value, text) : text + JSON.stringify(value)
  }
  output.text(`${text}}`)
  return output.take()
}

/** Writes a value. @param before what is to be written before it @returns what is to be written after it */
function print(value: unknown, before: string): string {
  if (typeof value !== 'object' || value === null) return before + JSON.stringify(value)
  if (value instanceof Printed) {
    output.text(before)
    output.bytes(value.json)
    return ''
  }
  const isArray = Array.isArray(value)
  let text = before + (isArray ? '[' : '{')
  let isFirst = true
  // Keys are names of GraphQL, which need no escapes: no scalar has an object as its value.
  for (const [key, inner] of Object.entries(value)) {
    text += isFirst ? '' : ','
    isFirst = false
    text = print(inner, isArray ? text : `${text}"${key}":`)
  }
  return text + (isArray ? ']' : '}')
}
