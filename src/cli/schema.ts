import { printSdl } from '../graph/schema.ts'
import type { Output } from './output.ts'

export interface SchemaFlags {
  readonly subgraph?: boolean
}

export async function printSchemaCommand({ subgraph = false }: SchemaFlags, output: Output): Promise<void> {
  output.print((subgraph ? await subgraphSdl() : printSdl()).trimEnd())
}

async function subgraphSdl(): Promise<string> {
  const { federationSubgraph } = await import('../graph/subgraph/schema.ts')
  return federationSubgraph().sdl
}
