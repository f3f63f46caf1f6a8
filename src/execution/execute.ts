import type { ExecutionResult, GraphQLSchema } from 'graphql'
import { execute } from 'graphql'
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
import type { Context } from '../graph/context.ts'
import { createLoaders } from '../loaders/loaders.ts'
import { metered } from '../loaders/metered.ts'
import { createPace } from '../loaders/pace.ts'
import { recordNamedSelectors } from '../loaders/record-named-selectors.ts'
import type { Usage } from '../loaders/usage.ts'
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

export type Execute = (operation: Operation) => Promise<ExecutionResult>

export interface ExecuteOptions {
  readonly schema: GraphQLSchema
  readonly database: Database
  readonly detected: Detected
  readonly timeZone: string
  readonly allowedSettings: readonly string[]
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

/** Creates the function that executes operations on one database. State that all operations share is created once. */
export function createExecute(options: ExecuteOptions): Execute {
  const { schema, database, detected, timeZone, allowedSettings, limits, observe } = options
  const projection = projectionOf(detected.version, { ...detected, timeZone })
  const scans = openScans(limits, observe)
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

  return async ({ principal, prepared, operationName, variables, usage, signal, requestId }) => {
    const bounded = metered(database, { usage, signal, caller: principal.id, scans })
    const pace = createPace({ turns: scans.turn, caller: principal.id, signal })
    const loaders = createLoaders(bounded, projection, { usage, pace, readTokens: has(principal, 'sipis:tokens') })
    const context: Execution = {
      principal,
      loaders: recordNamedSelectors(restrictToPrincipal(loaders, principal), usage),
      database: bounded,
      detected,
      usage,
      allowedSettings,
      prepared,
    }
    const params = { query: '', variables: { ...variables }, ...(operationName == null ? {} : { operationName }) }
    const result = await yoga.getResultForParams({ params, request }, context)
    if (result === undefined || Symbol.asyncIterator in result)
      throw new Error('Execution did not return a single result.')
    if (usage.excess !== undefined) return { errors: [answerTooLarge(usage.excess)] }
    if (result.errors === undefined) return result
    const argumentOf = argumentAtFault({ schema, document: prepared.document, variables })
    return { ...result, errors: maskErrors(result.errors, observe, { argumentOf, requestId }) }
  }
}
