import type { ExecutionResult, GraphQLSchema } from 'graphql'
import type { Context } from '../graph/context.ts'
import { maxCoercionErrors } from './argument-at-fault.ts'
import type { Operation } from './operation.ts'

/** Executes a query. */
export type Run = (operation: Operation, contextValue: Context) => ExecutionResult | Promise<ExecutionResult>

/** Arguments of graphql-js. */
export function argumentsOf(
  schema: GraphQLSchema,
  { prepared: { document }, operationName, variables }: Pick<Operation, 'prepared' | 'operationName' | 'variables'>,
) {
  return { schema, document, operationName, variableValues: { ...variables }, options: { maxCoercionErrors } }
}
