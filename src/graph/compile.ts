import type { DocumentNode, ExecutionResult, FieldNode, GraphQLSchema } from 'graphql'
import { execute, GraphQLError, getOperationAST, getVariableValues, Kind, visit } from 'graphql'
import { compileQuery, isCompiledQuery } from 'graphql-jit'
import type { Context } from './context.ts'

/** Runs one operation of a document that has been validated. */
export type Execute = (
  contextValue: Context,
  variables: Readonly<Record<string, unknown>>,
) => ExecutionResult | Promise<ExecutionResult>

/**
 * Compiles an operation, which pays where it is asked again and again. Answers and errors are those of graphql-js: what is
 * wrong with variables is in its words, and what cannot be compiled is run by it.
 */
export function compile(schema: GraphQLSchema, document: DocumentNode, operationName?: string | null): Execute {
  const interpret: Execute = (contextValue, variableValues) =>
    execute({ schema, document, operationName, contextValue, variableValues })
  const operation = getOperationAST(document, operationName)
  const compiled = compileQuery(schema, document, operationName ?? undefined, { disableLeafSerialization: true })
  if (operation == null || !isCompiledQuery(compiled)) return interpret

  const definitions = operation.variableDefinitions ?? []
  const flags = flagsOf(document)
  return async (contextValue, variables) => {
    const { coerced, errors: refused } = getVariableValues(schema, definitions, variables, { maxErrors: 50 })
    if (refused !== undefined) return { errors: refused }
    // To graphql-js that is an error, to the compiled operation it is false.
    if (flags.some((name) => coerced[name] === null)) return interpret(contextValue, variables)
    const { data, errors } = await compiled.query(undefined, contextValue, variables)
    // The compiled operation has refused variables that graphql-js takes: nothing has run yet.
    if (data === undefined) return interpret(contextValue, variables)
    return errors === undefined ? { data } : { errors: withNodes(document, errors), data }
  }
}

/** The variables that say whether something is skipped or included. */
function flagsOf(document: DocumentNode): string[] {
  const names: string[] = []
  visit(document, {
    [Kind.DIRECTIVE]({ arguments: given = [] }) {
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.push(value.name.value)
    },
  })
  return names
}

/** The compiler's errors know the places of fields in the text, those of graphql-js the fields themselves. */
function withNodes(document: DocumentNode, errors: readonly GraphQLError[]): GraphQLError[] {
  const fields = new Map<string, FieldNode>()
  visit(document, {
    [Kind.FIELD](node) {
      const { line, column } = node.loc?.startToken ?? {}
      fields.set(`${line}:${column}`, node)
    },
  })
  return errors.map(({ message, locations = [], path, originalError }) => {
    const nodes = locations
      .map(({ line, column }) => fields.get(`${line}:${column}`))
      .filter((node) => node !== undefined)
    return new GraphQLError(message, { nodes, path, originalError })
  })
}
