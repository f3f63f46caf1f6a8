import type { ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql'
import { execute, getVariableValues, OperationTypeNode } from 'graphql'
import type { Context } from '../graph/context.ts'
import { maxCoercionErrors } from './argument-at-fault.ts'
import type { Operation } from './operation.ts'
import { outcomesOf } from './plan/outcomes-of.ts'
import { Output } from './plan/output.ts'
import { createPlans } from './plan/plans.ts'
import { Resolving } from './plan/resolving.ts'
import { printedSelections, spliceInto, withoutSelections } from './plan/splice.ts'
import { PrintedData } from './print-result.ts'
import type { Run } from './run.ts'
import { argumentsOf } from './run.ts'

/**
 * Executes queries by plans. graphql-js executes introspection, and whatever has an error: it reports errors, with what the fields have
 * returned already.
 */
export function createRunPlanned(schema: GraphQLSchema): Run {
  const begin = createBegin(schema)
  return (operation, context) => {
    const given = () => ({ ...argumentsOf(schema, operation), contextValue: context })
    const resolving = begin(operation, context)
    if (resolving === undefined) return execute(given())
    const answer = () => printed(resolving, context) ?? reported(resolving, context, given())
    return resolving.done?.then(answer) ?? answer()
  }
}

/** Begins to resolve an operation; undefined if it cannot be planned. */
function createBegin(schema: GraphQLSchema) {
  const planOf = createPlans(schema)
  return ({ prepared, operationName, variables }: Operation, context: Context): Resolving | undefined => {
    const operation = prepared.operation(operationName)
    if (operation?.operation !== OperationTypeNode.QUERY || prepared.introspects) return undefined
    const { variableDefinitions = [] } = operation
    const { errors, coerced = {} } = getVariableValues(schema, variableDefinitions, variables, {
      maxErrors: maxCoercionErrors,
    })
    if (errors !== undefined) return undefined
    const plan = planOf(prepared.document, operation, coerced)
    return plan && new Resolving(plan, context, coerced)
  }
}

/** Undefined if the answer has an error. */
function printed({ root, hasFailed }: Resolving, { usage }: Context): ExecutionResult | undefined {
  if (hasFailed) return undefined
  output.clear()
  try {
    output.text('{"data":')
    root.plan.print(root.source, root.values, usage, output)
    output.text('}')
    return { data: new PrintedData(output.take()) }
  } catch {
    // A field that throws fails for itself, which graphql-js reports.
    return undefined
  }
}

/** One for all, because an answer is printed at once. */
const output = new Output()

function reported({ root }: Resolving, context: Context, given: ExecutionArgs): ReturnType<Run> {
  // The whole answer is refused.
  if (context.usage.excess !== undefined) return { data: null }
  context.usage.answerAnew()
  const left = printedSelections(root)
  const { document, selections } = withoutSelections(given.document, left)
  context.replay = outcomesOf(root, selections)
  const spliced = (result: ExecutionResult) => {
    spliceInto(result.data, root, left)
    return result
  }
  const result = execute({ ...given, document })
  return result instanceof Promise ? result.then(spliced) : spliced(result)
}
