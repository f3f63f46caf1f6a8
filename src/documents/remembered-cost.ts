import type { OperationDefinitionNode } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import type { Variables } from './arguments.ts'
import { lengthOf } from './arguments.ts'
import type { Price } from './cost.ts'
import { costlyLength } from './cost.ts'

export type Cost = (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => number

interface Remembered {
  readonly operation: OperationDefinitionNode
  readonly refused: RefusedFields | undefined
  readonly cost: number
}

/** For each document. A document may have a hundred operations, and there are dozens of sets of scopes. */
const mostRemembered = 8

/** Remembers the costs of a document's operations that are the same whatever the variables. */
export function remembered(
  price: (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => Price,
): Cost {
  const known: Remembered[] = []
  return (operation, variables, refused) => {
    // Long values make every field that takes them cost more.
    if (lengthOf(variables) >= costlyLength.ofArguments) return price(operation, variables, refused).cost
    const found = known.find((one) => one.operation === operation && one.refused === refused)
    if (found !== undefined) return found.cost
    const { cost, byVariable } = price(operation, variables, refused)
    if (byVariable) return cost
    if (known.length === mostRemembered) known.shift()
    known.push({ operation, refused, cost })
    return cost
  }
}
