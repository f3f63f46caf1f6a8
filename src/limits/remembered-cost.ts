import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import { Kind, visit } from 'graphql'
import type { Variables } from './cost.ts'

type Cost = (operation: OperationDefinitionNode, variables: Variables) => number

/** The arguments that say how many objects there may be. */
const sizes = new Set(['first', 'last', 'ids'])

/** Where no variable says how many objects there may be, an operation always costs the same. */
export function remembered(document: DocumentNode, cost: Cost): Cost {
  if (hasSizeInVariable(document)) return cost
  const known = new Map<OperationDefinitionNode, number>()
  return (operation, variables) => {
    const found = known.get(operation) ?? cost(operation, variables)
    known.set(operation, found)
    return found
  }
}

function hasSizeInVariable(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    [Kind.ARGUMENT](argument) {
      if (!sizes.has(argument.name.value)) return false
      visit(argument, {
        [Kind.VARIABLE]() {
          found = true
        },
      })
      return false
    },
  })
  return found
}
