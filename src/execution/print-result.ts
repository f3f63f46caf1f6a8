import type { ExecutionResult } from 'graphql'

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

/** The result as JSON. */
export function printResult(result: ExecutionResult): Buffer {
  const { data, ...others } = result
  if (!(data instanceof PrintedData)) return Buffer.from(JSON.stringify(result))
  const rest = JSON.stringify(others)
  return rest === '{}' ? data.json : Buffer.concat([data.json.subarray(0, -1), Buffer.from(`,${rest.slice(1)}`)])
}
