import type { ExecutionResult } from 'graphql'
import { Output } from './plan/output.ts'
import { PrintedList } from './plan/shapes.ts'

/** The data of a result that has no errors, as JSON. */
export class PrintedData {
  /** The result without extensions. */
  readonly json: Buffer;
  /** As that of any result. */
  [name: string]: unknown

  constructor(json: Buffer) {
    this.json = json
  }
}

/** The result as JSON. Its data may have parts that are printed already. */
export function printResult(result: ExecutionResult): Buffer {
  const { data, ...others } = result
  if (data == null) return Buffer.from(JSON.stringify(result))
  if (!(data instanceof PrintedData)) return printParts(result)
  const rest = JSON.stringify(others)
  return rest === '{}' ? data.json : Buffer.concat([data.json.subarray(0, -1), Buffer.from(`,${rest.slice(1)}`)])
}

/** One for all, because a result is printed at once. */
const output = new Output()

function printParts(result: ExecutionResult): Buffer {
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
  if (value instanceof PrintedList) {
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
