import type { ExecutionResult, GraphQLSchema } from 'graphql'
import { createSourceEventStream, execute } from 'graphql'
import { has } from '../auth/principal.ts'
import { restrictToPrincipal } from '../auth/restrict-to-principal.ts'
import type { Limits } from '../config/limits-interface.ts'
import type { Database } from '../database/database.ts'
import { openScans } from '../database/scans.ts'
import { answerTooLarge } from '../documents/too-costly.ts'
import { DatabaseError, isPassing } from '../errors/database-error.ts'
import type { Context } from '../graph/context.ts'
import type { Hints } from '../live/hints.ts'
import { LiveSource } from '../live/source.ts'
import type { Tokens } from '../live/tokens.ts'
import { lazily } from '../loaders/lazily.ts'
import { createLoaders } from '../loaders/loaders.ts'
import { metered } from '../loaders/metered.ts'
import { createPace } from '../loaders/pace.ts'
import { recordNamedSelectors } from '../loaders/record-named-selectors.ts'
import { prepareQuestions } from '../loaders/statistics/questions.ts'
import { createStatistics } from '../loaders/statistics/statistics.ts'
import type { Processes } from '../processes/processes.ts'
import type { Detected } from '../sipis/detect.ts'
import { projectionOf } from '../sipis/versions.ts'
import type { Observe } from '../telemetry/observation.ts'
import { argumentAtFault } from './argument-at-fault.ts'
import { maskErrors } from './mask-errors.ts'
import type { Operation } from './operation.ts'
import type { Run } from './run.ts'
import { argumentsOf } from './run.ts'

/** Executes operations on one database. */
export interface Executor {
  /** At once if nothing is waited for. */
  execute(operation: Operation): ExecutionResult | Promise<ExecutionResult>
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
  /** Executes queries. */
  readonly run: Run
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

export interface Subscribed {
  readonly source: LiveSource | undefined
  readonly result: ExecutionResult
}

/** State that all operations share is created once. */
export function createExecutor(options: ExecuteOptions): Executor {
  const { schema, database, run, observe } = options
  const contextOf = createContexts(options)

  const finished = (result: ExecutionResult, { prepared, usage, variables, requestId }: Operation): ExecutionResult => {
    if (usage.excess !== undefined) return { errors: [answerTooLarge(usage.excess)] }
    if (result.errors === undefined) return result
    const argumentOf = argumentAtFault({ schema, document: prepared.document, variables })
    return { ...result, errors: maskErrors(result.errors, observe, { argumentOf, requestId }) }
  }

  const executePulled = async (source: LiveSource, operation: Operation, contextValue: Context) =>
    finished(await execute({ ...argumentsOf(schema, operation), rootValue: source, contextValue }), operation)

  return {
    execute(operation) {
      const reading = database.forOperation?.() ?? database
      const result = run(operation, contextOf(operation, reading))
      return result instanceof Promise
        ? result.then((found) => finished(found, operation))
        : finished(result, operation)
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

/**
 * The context of one operation, or of one answer of a subscription. Subscriptions read from where the hints come from: a standby may
 * not have yet what a hint is about.
 */
function createContexts(options: ExecuteOptions): (operation: Operation, database: Database) => Context {
  const { detected, timeZone, allowedSettings, processes, changeTokens, hints, limits, observe } = options
  const projection = projectionOf(detected.version, { ...detected, timeZone })
  const statistics = createStatistics(options.database, { mostRows: limits.statisticsRows })
  const questions = prepareQuestions(projection)
  const scans = openScans(limits, observe)
  const contextOf = lazily<Context, { readonly operation: Operation; readonly read: Database }>({
    principal: ({ operation }) => operation.principal,
    loaders({ operation: { principal, usage } }, { database, pace }) {
      const loaders = createLoaders(database, projection, { usage, pace, readTokens: has(principal, 'sipis:tokens') })
      return recordNamedSelectors(restrictToPrincipal(loaders, principal), usage)
    },
    database: ({ operation: { principal, usage, ending }, read }) =>
      metered(read, { usage, ending, caller: principal.id, scans }),
    detected: () => detected,
    usage: ({ operation }) => operation.usage,
    allowedSettings: () => allowedSettings,
    pace: ({ operation: { principal, ending } }) => createPace({ turns: scans.turn, caller: principal.id, ending }),
    questions: ({ operation }) => questions(statistics(operation.ending)),
    processes: () => processes,
    changeTokens: () => changeTokens,
    hints: () => hints,
  })
  return (operation, read) => contextOf({ operation, read })
}
