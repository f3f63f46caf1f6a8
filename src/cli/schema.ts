import { printSdl } from '../graph/schema.ts'
import type { Output } from './output.ts'

export function printSchemaCommand(output: Output): void {
  output.print(printSdl().trimEnd())
}
