import type { OperationDefinitionNode } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import type { Variables } from './arguments.ts'
import { lengthOf } from './arguments.ts'
import type { Price } from './cost.ts'
import { costlyLength } from './cost.ts'

export type Cost = (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => number

interface Entry {
  readonly operation: OperationDefinitionNode
  readonly refused: RefusedFields | undefined
  readonly cost: number
}

/** Entries of one document, which may have a hundred operations and be sent with dozens of scope sets. */
const maxEntries = 8

/** Caches the costs of a document's operations that do not depend on variables. */
export function cached(
  price: (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => Price,
): Cost {
  const known: Entry[] = []
  return (operation, variables, refused) => {
    // Long values raise the cost of every field that takes them.
    if (lengthOf(variables) >= costlyLength.ofArguments) return price(operation, variables, refused).cost
    const found = known.find((one) => one.operation === operation && one.refused === refused)
    if (found !== undefined) return found.cost
    const { cost, byVariable } = price(operation, variables, refused)
    if (byVariable) return cost
    if (known.length === maxEntries) known.shift()
    known.push({ operation, refused, cost })
    return cost
  }
}
