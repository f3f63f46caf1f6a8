import type { ExecutionResult, GraphQLSchema } from 'graphql'
import { createSourceEventStream, execute } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { createYoga } from 'graphql-yoga'
import type { Principal } from '../auth/principal.ts'
import { has } from '../auth/principal.ts'
import { restrictToPrincipal } from '../auth/restrict-to-principal.ts'
import type { Limits } from '../config/limits-interface.ts'
import type { Database } from '../database/database.ts'
import { openScans } from '../database/scans.ts'
import type { PreparedDocument } from '../documents/documents.ts'
import { answerTooLarge } from '../documents/too-costly.ts'
import { DatabaseError, isPassing } from '../errors/database-error.ts'
import type { Context } from '../graph/context.ts'
import type { Hints } from '../live/hints.ts'
import { LiveSource } from '../live/source.ts'
import type { Tokens } from '../live/tokens.ts'
import { createLoaders } from '../loaders/loaders.ts'
import { metered } from '../loaders/metered.ts'
import { createPace } from '../loaders/pace.ts'
import { recordNamedSelectors } from '../loaders/record-named-selectors.ts'
import { prepareQuestions } from '../loaders/statistics/questions.ts'
import { createStatistics } from '../loaders/statistics/statistics.ts'
import type { Usage } from '../loaders/usage.ts'
import type { Processes } from '../processes/processes.ts'
import type { Detected } from '../sipis/detect.ts'
import { projectionOf } from '../sipis/versions.ts'
import type { Observe } from '../telemetry/observation.ts'
import { argumentAtFault, maxCoercionErrors } from './argument-at-fault.ts'
import { maskErrors } from './mask-errors.ts'

/** An operation to execute, and its caller. */
export interface Operation {
  readonly principal: Principal
  readonly prepared: PreparedDocument
  readonly operationName: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
  readonly usage: Usage
  /** Aborted when the operation times out or the caller disconnects. */
  readonly signal: AbortSignal
  /** Included in errors that the operator has to investigate. */
  readonly requestId: string
}

/** Executes operations on one database. */
export interface Executor {
  execute(operation: Operation): Promise<ExecutionResult>
  /** Opens a subscription, and pulls it once. The source is undefined if the result has no data. */
  subscribe(operation: Operation): Promise<Subscribed>
  /**
   * Pulls a source, with loaders of its own. Undefined if nothing is new.
   *
   * @throws DatabaseError if the database is away or slow: the source can be pulled again
   */
  pull(source: LiveSource, operation: Operation): Promise<ExecutionResult | undefined>
}

export interface ExecuteOptions {
  readonly schema: GraphQLSchema
  readonly database: Database
  readonly detected: Detected
  readonly timeZone: string
  readonly allowedSettings: readonly string[]
  readonly processes: Processes
  readonly changeTokens: Tokens
  readonly hints: Hints
  readonly limits: Limits
  readonly observe: Observe
}

/** Context of Yoga's hooks. */
interface Execution extends Context {
  readonly prepared: PreparedDocument
}

/**
 * Passes documents to Yoga that are already parsed and validated, and executes them with graphql-js, the reference implementation.
 */
const usePrepared: Plugin<Execution, Execution, Execution> = {
  onParse: ({ context, setParsedDocument }) => setParsedDocument(context.prepared.document),
  onValidate: ({ setResult }) => setResult([]),
  onExecute: ({ setExecuteFn }) => setExecuteFn((given) => execute({ ...given, options: { maxCoercionErrors } })),
}

export interface Subscribed {
  readonly source: LiveSource | undefined
  readonly result: ExecutionResult
}

/** State that all operations share is created once. */
export function createExecutor(options: ExecuteOptions): Executor {
  const { schema, observe } = options
  const { database } = options
  const contextOf = createContexts(options)
  const yoga = createYoga<Execution, Execution>({
    schema,
    plugins: [usePrepared],
    maskedErrors: false,
    parserAndValidationCache: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    logging: false,
  })
  // A placeholder, because hooks read everything from the context. POST, because Yoga rejects mutations by GET.
  const request = new Request('http://gateway/graphql', { method: 'POST' })

  const finished = (result: ExecutionResult, { prepared, usage, variables, requestId }: Operation): ExecutionResult => {
    if (usage.excess !== undefined) return { errors: [answerTooLarge(usage.excess)] }
    if (result.errors === undefined) return result
    const argumentOf = argumentAtFault({ schema, document: prepared.document, variables })
    return { ...result, errors: maskErrors(result.errors, observe, { argumentOf, requestId }) }
  }

  const executePulled = async (source: LiveSource, operation: Operation, contextValue: Execution) =>
    finished(await execute({ ...argumentsOf(schema, operation), rootValue: source, contextValue }), operation)

  return {
    async execute(operation) {
      const { operationName, variables } = operation
      const params = { query: '', variables: { ...variables }, ...(operationName == null ? {} : { operationName }) }
      const result = await yoga.getResultForParams(
        { params, request },
        contextOf(operation, database.forOperation?.() ?? database),
      )
      if (result === undefined || Symbol.asyncIterator in result)
        throw new Error('Execution did not return a single result.')
      return finished(result, operation)
    },
    async subscribe(operation) {
      const contextValue = contextOf(operation, database)
      const source = await createSourceEventStream({ ...argumentsOf(schema, operation), contextValue })
      if (!(source instanceof LiveSource)) {
        if (Symbol.asyncIterator in source) throw new Error('A subscription has a source of another kind.')
        return { source: undefined, result: finished(source, operation) }
      }
      await source.pull(contextValue).catch((error: unknown) => source.fail(error))
      const result = await executePulled(source, operation, contextValue)
      if (result.data != null) return { source, result }
      source.close()
      return { source: undefined, result }
    },
    async pull(source, operation) {
      const contextValue = contextOf(operation, database)
      const isNews = await source.pull(contextValue).catch((error: unknown) => {
        if (error instanceof DatabaseError && isPassing(error)) throw error
        source.fail(error)
        return true
      })
      if (!isNews) return undefined
      return executePulled(source, operation, contextValue)
    },
  }
}

function argumentsOf(schema: GraphQLSchema, { prepared: { document }, operationName, variables }: Operation) {
  return { schema, document, operationName, variableValues: { ...variables }, options: { maxCoercionErrors } }
}

/**
 * The context of one operation, or of one answer of a subscription. Subscriptions read from where the hints come from: a standby may
 * not have yet what a hint is about.
 */
function createContexts(options: ExecuteOptions): (operation: Operation, database: Database) => Execution {
  const { detected, timeZone, allowedSettings, processes, changeTokens, hints, limits, observe } = options
  const projection = projectionOf(detected.version, { ...detected, timeZone })
  const statistics = createStatistics(options.database, { mostRows: limits.statisticsRows })
  const questions = prepareQuestions(projection)
  const scans = openScans(limits, observe)
  return ({ principal, prepared, usage, signal }, database) => {
    const bounded = metered(database, { usage, signal, caller: principal.id, scans })
    const pace = createPace({ turns: scans.turn, caller: principal.id, signal })
    const loaders = createLoaders(bounded, projection, { usage, pace, readTokens: has(principal, 'sipis:tokens') })
    return {
      principal,
      loaders: recordNamedSelectors(restrictToPrincipal(loaders, principal), usage),
      database: bounded,
      detected,
      usage,
      allowedSettings,
      questions: questions(statistics(signal)),
      processes,
      changeTokens,
      hints,
      prepared,
    }
  }
}
