import type { DocumentNode, OperationDefinitionNode } from 'graphql'
import { Kind, visit } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import type { Variables } from './cost.ts'

export type Cost = (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => number

/** The arguments that say how many objects there may be. */
const sizes = new Set(['first', 'last', 'ids'])

/** Where no variable says how many objects there may be, an operation always costs the same. */
export function remembered(document: DocumentNode, cost: Cost): Cost {
  if (hasSizeInVariable(document)) return cost
  const known = new Map<RefusedFields | undefined, Map<OperationDefinitionNode, number>>()
  return (operation, variables, refused) => {
    const ofScopes = known.get(refused) ?? new Map<OperationDefinitionNode, number>()
    known.set(refused, ofScopes)
    const found = ofScopes.get(operation) ?? cost(operation, variables, refused)
    ofScopes.set(operation, found)
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
