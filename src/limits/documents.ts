import { createHash } from 'node:crypto'
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { GraphQLError, getOperationAST, Kind, parse, specifiedRules, validate, visit } from 'graphql'
import { LRUCache } from 'lru-cache'
import { brief } from './brief.ts'
import type { Variables } from './cost.ts'
import { costOf } from './cost.ts'
import type { Limits } from './limits.ts'
import { exceeded } from './shape.ts'
import { tooCostly } from './too-costly.ts'

/** A document that keeps within the limits and is valid. */
export interface PreparedDocument {
  readonly document: DocumentNode
  /** The first 16 hexadecimal digits of the SHA-256 of its text. */
  readonly hash: string
  /** Whether it asks for the schema itself. */
  readonly introspects: boolean
  /** Undefined where the document has no such operation, or several and no name is given. */
  operation(name: string | null | undefined): OperationDefinitionNode | undefined
  cost(operation: OperationDefinitionNode, variables: Variables): number
}

export interface Documents {
  /** Fails with an array of GraphQLErrors that have codes. */
  prepare(text: string): PreparedDocument
}

/** A document may have a thousand mistakes; nobody reads more than the first few. */
const maxErrors = 5
const cachedCharacters = 2_000_000
const longestCached = 20_000

/** Why a document is refused. */
export class RefusedDocument extends Error {
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super(errors.map(({ message }) => message).join('\n'))
    this.name = 'RefusedDocument'
    this.errors = errors
  }
}

type DocumentLimits = Pick<Limits, 'tokens' | 'depth' | 'aliases' | 'directives' | 'repeats'>

/**
 * Parses and validates documents, each once while it is remembered. Only good ones are remembered, up to so many characters
 * in all: a stranger can push others out, and so slow them down a little, but cannot fill the memory.
 */
export function openDocuments(schema: GraphQLSchema, limits: DocumentLimits): Documents {
  const cache = new LRUCache<string, PreparedDocument>({
    maxSize: cachedCharacters,
    maxEntrySize: longestCached,
    sizeCalculation: (_, text) => text.length,
  })
  return {
    prepare(text) {
      const known = cache.get(text)
      if (known !== undefined) return known
      const prepared = prepare(schema, text, limits)
      cache.set(text, prepared)
      return prepared
    },
  }
}

function prepare(schema: GraphQLSchema, text: string, limits: DocumentLimits): PreparedDocument {
  const document = parseWithin(text, limits.tokens)
  const beyond = exceeded(document, limits)
  if (beyond !== undefined) throw new RefusedDocument([beyond])
  const mistakes = validate(schema, document, specifiedRules, { maxErrors })
  if (mistakes.length > 0) throw new RefusedDocument(mistakes.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')))
  return {
    document,
    hash: createHash('sha256').update(text).digest('hex').slice(0, 16),
    introspects: asksForSchema(document),
    operation: (name) => getOperationAST(document, name) ?? undefined,
    cost: (operation, variables) => costOf(schema, document, operation, variables),
  }
}

function parseWithin(text: string, maxTokens: number): DocumentNode {
  try {
    return parse(text, { maxTokens })
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    const isTooLong = /more tha[nt] \d+ tokens/.test(error.message)
    const said = isTooLong
      ? tooCostly(
          'LIMIT_TOKENS',
          'Tokens in the document',
          Number.POSITIVE_INFINITY,
          maxTokens,
          'Ask in several requests.',
        )
      : coded(error, 'GRAPHQL_PARSE_FAILED')
    throw new RefusedDocument([said])
  }
}

function coded(error: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(brief(error.message), {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    extensions: { code },
  })
}

function asksForSchema(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    [Kind.FIELD]: ({ name }: { name: { value: string } }) => {
      if (name.value === '__schema' || name.value === '__type') found = true
    },
  })
  return found
}
