import { createHash } from 'node:crypto'
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { GraphQLError, getOperationAST, Kind, parse, specifiedRules, validate, visit } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Limits } from '../config/limits-interface.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { codedError } from '../errors/coded-error.ts'
import { brief } from './brief.ts'
import { priceOf } from './cost.ts'
import type { Cost } from './cost-cache.ts'
import { cached } from './cost-cache.ts'
import type { OperatorSizes } from './list-size.ts'
import { exceeded, tooDeep } from './shape.ts'
import { tooCostly } from './too-costly.ts'

/** A parsed document, valid or not, as the audit log describes it. */
export interface NamedDocument {
  readonly document: DocumentNode
  /** The first 16 hexadecimal digits of the SHA-256 of its text. */
  readonly hash: string
  /** Undefined if the document has no such operation, or several and no name is given. */
  operation(name: string | null | undefined): OperationDefinitionNode | undefined
}

/** A document that is valid and within the limits. */
export interface PreparedDocument extends NamedDocument {
  /** Whether it selects `__schema` or `__type`. */
  readonly introspects: boolean
  readonly cost: Cost
}

export interface Documents {
  /** The prepared document, if it is cached. */
  known(text: string): PreparedDocument | undefined
  /** @throws RefusedDocument if it is invalid or exceeds a limit */
  prepare(text: string): PreparedDocument
}

/** Largest number of reported mistakes of a document, which may have a thousand. */
const maxErrors = 5
/** Errors in longer documents have no location, because finding its line takes a pass over the text for each location. */
const mostLinesWithLocations = 1_000
/** A parsed document takes up to 140 bytes for each of its characters. */
const cachedCharacters = 500_000
const longestCached = 20_000
/** A parsed document takes about 5,000 bytes in addition to its characters. */
const cachedDocuments = 2_000

/** The errors for which a document is refused, each with a code. */
export class RefusedDocument extends Error {
  readonly errors: readonly GraphQLError[]
  /** Undefined if the document could not be parsed. */
  readonly named: NamedDocument | undefined

  constructor(errors: readonly GraphQLError[], named?: NamedDocument) {
    super(errors.map(({ message }) => message).join('\n'))
    this.name = 'RefusedDocument'
    this.errors = errors
    this.named = named
  }
}

type DocumentLimits = Pick<Limits, 'tokens' | 'depth' | 'aliases' | 'directives' | 'repeats' | 'fields'>

/**
 * Parses and validates documents, each once while it is remembered. Only good ones are remembered, up to so many characters
 * in all: a caller can push others out, and so slow them down a little, but cannot fill the memory.
 */
export function createDocuments(
  schema: GraphQLSchema,
  limits: DocumentLimits,
  sizes: OperatorSizes = { allowedSettings: 0 },
): Documents {
  const cache = new LRUCache<string, PreparedDocument>({
    max: cachedDocuments,
    maxSize: cachedCharacters,
    maxEntrySize: longestCached,
    sizeCalculation: (_, text) => text.length,
  })
  return {
    known: (text) => cache.get(text),
    prepare(text) {
      const known = cache.get(text)
      if (known !== undefined) return known
      const prepared = withinStack(limits, () => prepare(schema, text, limits, sizes))
      cache.set(text, prepared)
      return prepared
    },
  }
}

/** If many thousand tokens are allowed, a nested document can overflow the stack of the parser. */
function withinStack<T>({ depth }: DocumentLimits, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) throw new RefusedDocument([tooDeep(Number.POSITIVE_INFINITY, depth)])
    throw error
  }
}

function prepare(schema: GraphQLSchema, text: string, limits: DocumentLimits, sizes: OperatorSizes): PreparedDocument {
  const document = parseWithin(text, limits.tokens)
  const named = nameDocument(text, document)
  const beyond = exceeded(document, limits)
  if (beyond !== undefined) throw new RefusedDocument([beyond], named)
  // Suggestions would reveal the schema to callers who guess names, and take seconds for names that the document defines itself.
  const mistakes = validate(schema, document, specifiedRules, { maxErrors, hideSuggestions: true })
  if (mistakes.length > 0) throw new RefusedDocument(mistakes.map(refusalOf), named)
  return {
    ...named,
    introspects: introspects(document),
    cost: cached((operation, variables, refused) =>
      priceOf({ schema, document, operation, variables, sizes, refused }),
    ),
  }
}

function nameDocument(text: string, document: DocumentNode): NamedDocument {
  return {
    document,
    hash: createHash('sha256').update(text).digest('hex').slice(0, 16),
    operation: (name) => getOperationAST(document, name) ?? undefined,
  }
}

/** graphql-js compares fields of the same name pair by pair, and gives up if there are too many pairs. */
function refusalOf(mistake: GraphQLError): GraphQLError {
  if (mistake.message !== 'Validation aborted.') return coded(mistake, 'GRAPHQL_VALIDATION_FAILED')
  return codedError(
    'TOO_COSTLY',
    'The same fields are selected too often to compare them all. Select each of them once.',
    { setting: 'LIMIT_REPEATS' },
  )
}

function parseWithin(text: string, maxTokens: number): DocumentNode {
  try {
    return parse(text, { maxTokens, noLocation: hasMoreLines(text, mostLinesWithLocations) })
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

function hasMoreLines(text: string, most: number): boolean {
  return text.split(/\r\n|[\n\r]/, most + 1).length > most
}

function coded({ message, nodes, source, positions }: GraphQLError, code: ErrorCode): GraphQLError {
  const place = { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null }
  return codedError(code, brief(message), {}, place)
}

function introspects(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    [Kind.FIELD]: ({ name }: { name: { value: string } }) => {
      if (name.value === '__schema' || name.value === '__type') found = true
    },
  })
  return found
}
