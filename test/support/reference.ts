/** Computes responses with plain graphql-js over the rows of a database, for comparison with the gateway. */
import { setTimeout } from 'node:timers/promises'
import type { DocumentNode, ExecutionResult } from 'graphql'
import { execute, parse, validate } from 'graphql'
import type { Principal } from '../../src/auth/principal.ts'
import { has } from '../../src/auth/principal.ts'
import { restrictToPrincipal } from '../../src/auth/restrict-to-principal.ts'
import { defaultLimits } from '../../src/config/limits.ts'
import type { Database } from '../../src/database/database.ts'
import { openScans } from '../../src/database/scans.ts'
import { argumentAtFault, maxCoercionErrors } from '../../src/execution/argument-at-fault.ts'
import { maskErrors } from '../../src/execution/mask-errors.ts'
import type { Context } from '../../src/graph/context.ts'
import { schema } from '../../src/graph/schema.ts'
import { createTokens } from '../../src/live/tokens.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { metered } from '../../src/loaders/metered.ts'
import { createPace } from '../../src/loaders/pace.ts'
import { prepareQuestions } from '../../src/loaders/statistics/questions.ts'
import { createStatistics } from '../../src/loaders/statistics/statistics.ts'
import { createUsage } from '../../src/loaders/usage.ts'
import { detect } from '../../src/sipis/detect.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import { ignore } from '../../src/telemetry/observation.ts'

export interface Question {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>> | undefined
  readonly operationName?: string | undefined
}

export interface Reference {
  /** The response in the form of `canonical`; undefined if the document is invalid. */
  answer(question: Question, principal: Principal): Promise<string | undefined>
  /**
   * Like the above, with statements settled in random order. If several non-null fields fail, the response contains the error of
   * the first one.
   */
  reordered(question: Question, principal: Principal): Promise<string | undefined>
}

const changeTokens = createTokens({})
const hints = { follow: () => () => undefined, wakeAll: () => undefined, [Symbol.asyncDispose]: async () => undefined }

/** Makes the context of an operation. */
export type ContextFor = (principal: Principal, read?: Database) => Context

/** Contexts as the gateway makes them, with loaders of their own. */
export async function openContexts(database: Database, allowedSettings: readonly string[] = []): Promise<ContextFor> {
  const detected = await detect(database)
  const projection = projectionOf(detected.version, { ...detected, timeZone: 'UTC' })
  const scans = openScans(defaultLimits)
  const questions = prepareQuestions(projection)
  const statistics = createStatistics(database, { mostRows: defaultLimits.statisticsRows, freshMs: 1 })

  return (principal, read = database) => {
    const usage = createUsage(100_000_000)
    const bounded = metered(read, { usage, ending: new AbortController(), caller: principal.id, scans })
    const loaders = createLoaders(bounded, projection, { usage, readTokens: has(principal, 'sipis:tokens') })
    return {
      principal,
      loaders: restrictToPrincipal(loaders, principal),
      database: bounded,
      detected,
      usage,
      allowedSettings,
      questions: questions(statistics(new AbortController())),
      pace: createPace({ turns: scans.turn, caller: principal.id, ending: new AbortController() }),
      processes: async () => [],
      changeTokens,
      hints,
    }
  }
}

export async function openReference(database: Database, allowedSettings: readonly string[]): Promise<Reference> {
  const contextFor = await openContexts(database, allowedSettings)

  const answer = async (question: Question, principal: Principal, read: Database) => {
    const { query, variables: variableValues, operationName } = question
    const document = parse(query)
    if (validate(schema, document).length > 0) return undefined
    const contextValue = contextFor(principal, read)
    const given = { schema, document, operationName, variableValues, contextValue }
    const result = await execute({ ...given, options: { maxCoercionErrors } })
    return canonical(masked(result, question.variables ?? {}, document))
  }

  return {
    answer: (question, principal) => answer(question, principal, database),
    reordered: (question, principal) => answer(question, principal, delayed(database)),
  }
}

function delayed(database: Database): Database {
  return {
    async query(statement, signal) {
      const rows = await database.query(statement, signal)
      await setTimeout(10 * Math.random())
      return rows
    },
    close: () => database.close(),
  }
}

function masked(result: ExecutionResult, variables: Readonly<Record<string, unknown>>, document: DocumentNode): object {
  if (result.errors === undefined) return result
  const argumentOf = argumentAtFault({ schema, document, variables })
  return { ...result, errors: maskErrors(result.errors, ignore, { argumentOf }) }
}

/** Tokens of `changes` begin with their version, and are random. */
const changeToken = /"A[Q-Za-f][\w-]{90,}"/g

/** When statistics were computed. The data is older. */
function today(): RegExp {
  return new RegExp(`"${new Date().toISOString().slice(0, 10)}T[^"]*"`, 'g')
}

/** Formats a response as text. Errors are sorted, because their order depends on which statement is settled first. */
export function canonical(answer: object): string {
  const { data, errors }: { data?: unknown; errors?: unknown } = JSON.parse(JSON.stringify(answer))
  const sorted = Array.isArray(errors) ? errors.map((error) => JSON.stringify(error)).sort() : undefined
  return JSON.stringify({ data, errors: sorted }).replaceAll(changeToken, '"…"').replaceAll(today(), '"…"')
}
