import { createHash } from 'node:crypto'
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { GraphQLError, getOperationAST, Kind, parse, specifiedRules, validate, visit } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Limits } from '../config/limits-interface.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { codedError } from '../errors/coded-error.ts'
import { brief } from './brief.ts'
import { priceOf } from './cost.ts'
import type { OperatorSizes } from './list-size.ts'
import type { Cost } from './remembered-cost.ts'
import { remembered } from './remembered-cost.ts'
import { exceeded, tooDeep } from './shape.ts'
import { tooCostly } from './too-costly.ts'

/** What the audit log says of a document, also of one that is refused. */
export interface NamedDocument {
  readonly document: DocumentNode
  /** The first 16 hexadecimal digits of the SHA-256 of its text. */
  readonly hash: string
  /** Undefined where the document has no such operation, or several and no name is given. */
  operation(name: string | null | undefined): OperationDefinitionNode | undefined
}

/** A document that keeps within the limits and is valid. */
export interface PreparedDocument extends NamedDocument {
  /** Whether it asks for the schema itself. */
  readonly introspects: boolean
  readonly cost: Cost
}

export interface Documents {
  /** The prepared document of a text that is remembered. */
  known(text: string): PreparedDocument | undefined
  /** Fails with an array of GraphQLErrors that have codes. */
  prepare(text: string): PreparedDocument
}

/** A document may have a thousand mistakes; the first few are enough to mend it. */
const maxErrors = 5
/** To find the line of an error is a pass over the text, for each place that it names. No honest document is this long. */
const mostLinesWithLocations = 1_000
/** Parsed, a character takes up to 140 bytes. */
const cachedCharacters = 500_000
const longestCached = 20_000
/** Apart from its characters a document takes some 5,000 bytes. */
const cachedDocuments = 2_000

/** Why a document is refused. */
export class RefusedDocument extends Error {
  readonly errors: readonly GraphQLError[]
  /** What was refused; undefined where it could not be parsed. */
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
export function openDocuments(
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

/** With a limit of many thousand tokens a document can be nested more deeply than the parser's stack goes. */
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
    introspects: asksForSchema(document),
    cost: remembered((operation, variables, refused) =>
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

/** graphql compares fields of the same name pair by pair, and gives up where there are too many pairs. */
function refusalOf(mistake: GraphQLError): GraphQLError {
  if (mistake.message !== 'Validation aborted.') return coded(mistake, 'GRAPHQL_VALIDATION_FAILED')
  return codedError(
    'TOO_COSTLY',
    'The same fields are asked for too often to compare them all. Ask for each of them once.',
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

function asksForSchema(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    [Kind.FIELD]: ({ name }: { name: { value: string } }) => {
      if (name.value === '__schema' || name.value === '__type') found = true
    },
  })
  return found
}
