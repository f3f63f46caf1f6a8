import type { ASTNode, DocumentNode, GraphQLError, GraphQLSchema, ValueNode, VariableDefinitionNode } from 'graphql'
import { coerceInputValue, isInputType, Kind, typeFromAST, visit } from 'graphql'

/** Names of arguments and input fields, and indices of lists, e.g. ["filter", "since"]. */
export type ArgumentPath = readonly (string | number)[]

/** What was executed when the errors arose. */
export interface Executed {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly variables: Readonly<Record<string, unknown>>
}

/** Finds the argument that an error of graphql-js is about; undefined if it is about none. */
export type ArgumentAtFault = (error: GraphQLError) => ArgumentPath | undefined

/** Errors of one variable are found in the order in which graphql-js reports them, so each error is to be asked for once. */
export function argumentAtFault(executed: Executed): ArgumentAtFault {
  const inVariables = new Map<string, ArgumentPath[]>()
  return ({ nodes = [] }) => {
    const [node] = nodes
    if (node === undefined || node.kind === Kind.FIELD) return undefined
    if (node.kind !== Kind.VARIABLE_DEFINITION) return placeOf(executed.document, (one) => one === node)
    const { name } = node.variable
    const place = placeOf(executed.document, (one) => one.kind === Kind.VARIABLE && one.name.value === name.value)
    const inside = inVariables.get(name.value) ?? faultsIn(executed, node)
    inVariables.set(name.value, inside)
    return place && [...place, ...(inside.shift() ?? [])]
  }
}

/** Paths within the value of a variable, of as many faults as are reported. */
function faultsIn({ schema, variables }: Executed, { type: node, variable }: VariableDefinitionNode): ArgumentPath[] {
  const type = typeFromAST(schema, node)
  const value = variables[variable.name.value]
  const paths: ArgumentPath[] = []
  if (!isInputType(type) || value == null) return paths
  try {
    coerceInputValue(value, type, (path) => {
      paths.push(path)
      if (paths.length > maxCoercionErrors) throw new Error('enough')
    })
  } catch {
    // Enough, or the coercion itself fails, as it did when the operation was executed.
  }
  return paths
}

/** Maximum number of errors for invalid variables, because each may repeat the whole value. */
export const maxCoercionErrors = 5

/** The first argument of a field whose value is or contains the node. Arguments of directives are none of the schema. */
function placeOf(document: DocumentNode, matches: Matches): ArgumentPath | undefined {
  let found: ArgumentPath | undefined
  visit(document, {
    Directive: () => false,
    Argument({ name, value }) {
      const inside = found === undefined ? within(value, matches) : undefined
      if (inside !== undefined) found = [name.value, ...inside]
      return false
    },
  })
  return found
}

type Matches = (node: ASTNode) => boolean

function within(value: ValueNode, matches: Matches): ArgumentPath | undefined {
  if (matches(value)) return []
  for (const [name, part] of partsOf(value)) {
    const inside = within(part, matches)
    if (inside !== undefined) return [name, ...inside]
  }
  return undefined
}

function partsOf(value: ValueNode): (readonly [string | number, ValueNode])[] {
  if (value.kind === Kind.LIST) return value.values.map((item, index) => [index, item])
  return value.kind === Kind.OBJECT ? value.fields.map((field) => [field.name.value, field.value]) : []
}
