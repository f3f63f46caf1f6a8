/**
 * A configuration for graphql-codegen (npm package @graphql-codegen/cli with @graphql-codegen/client-preset), which generates typed
 * documents for TypeScript clients. It finds the schema in this package, and needs no package at run time.
 */
import { fileURLToPath } from 'node:url'

export interface CodegenOptions {
  /** Globs of the files that contain the client's operations. Default: the sources below `src/`, without `output`. */
  readonly documents?: readonly string[] | undefined
  /** Folder for the generated files. Default: `src/gql/`. */
  readonly output?: string | undefined
  /** Whether to generate `persisted-documents.json`, the manifest for TRUSTED_DOCUMENTS, with SHA-256 hashes as ids. Default: false. */
  readonly persistedDocuments?: boolean | undefined
  /**
   * Whether the client throws the error of a field when the field is read. Then fields with `@semanticNonNull` have types without null. It
   * requires the package graphql-sock. Default: false.
   */
  readonly errorHandlingClient?: boolean | undefined
}

/** The part of graphql-codegen's CodegenConfig that is set. Add to it what a client needs beyond. */
export interface CodegenConfiguration {
  schema: string
  documents: string[]
  ignoreNoDocuments: boolean
  generates: Record<string, CodegenOutput>
}

export interface CodegenOutput {
  preset: 'client'
  presetConfig: { persistedDocuments?: { mode: 'embedHashInDocument'; hashAlgorithm: 'sha256' } }
  config: {
    scalars: Record<string, string>
    strictScalars: boolean
    enumType: 'string-literal'
    futureProofEnums: boolean
    useTypeImports: boolean
    nullability?: { errorHandlingClient: true }
  }
}

/** TypeScript types of the scalars. A Date would lose the microseconds of DateTime, so it stays text. */
const scalars = { DateTime: 'string', ID: 'string' }

/** Creates the configuration: `export default codegen()` in codegen.ts. */
export function codegen({
  output = 'src/gql/',
  documents = ['src/**/*.{ts,tsx,graphql}', `!${output}**`],
  persistedDocuments = false,
  errorHandlingClient = false,
}: CodegenOptions = {}): CodegenConfiguration {
  return {
    schema: fileURLToPath(new URL('../schema.graphql', import.meta.url)),
    documents: [...documents],
    ignoreNoDocuments: true,
    generates: {
      [output]: {
        preset: 'client',
        presetConfig: persistedDocuments
          ? { persistedDocuments: { mode: 'embedHashInDocument', hashAlgorithm: 'sha256' } }
          : {},
        config: {
          scalars,
          // A scalar without a type fails the build instead of becoming any.
          strictScalars: true,
          enumType: 'string-literal',
          // Adds '%future added value' to enums, because values may be added: a switch needs a default.
          futureProofEnums: true,
          useTypeImports: true,
          ...(errorHandlingClient ? { nullability: { errorHandlingClient } } : {}),
        },
      },
    },
  }
}
