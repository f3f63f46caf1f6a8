import { isDeepStrictEqual } from 'node:util'
import type { OperationDefinitionNode } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import type { Reading, Variables } from './arguments.ts'
import { lengthOf } from './arguments.ts'
import type { Price } from './cost.ts'

export type Cost = (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => number

interface Entry {
  readonly operation: OperationDefinitionNode
  readonly refused: RefusedFields | undefined
  readonly shorterThan: number
  readonly found: readonly Found[]
  readonly cost: number
}

/** What the cost has read of a variable. */
interface Found {
  readonly name: string
  readonly reading: Reading
  readonly value: unknown
}

/** Entries of one document, which may have a hundred operations and be sent with dozens of scope sets. */
const maxEntries = 8
/** Characters of what an entry remembers of variables. Longer ones are seldom sent again, and take memory. */
const longestRemembered = 256

/** Caches the costs of a document's operations, by what they depend on of the variables: the time of a filter makes no difference. */
export function cached(
  price: (operation: OperationDefinitionNode, variables: Variables, refused?: RefusedFields) => Price,
): Cost {
  const known: Entry[] = []
  return (operation, variables, refused) => {
    const length = lengthOf(variables)
    const entry = known.find(
      (one) =>
        one.operation === operation &&
        one.refused === refused &&
        length < one.shorterThan &&
        one.found.every(({ name, reading, value }) => isDeepStrictEqual(reading(variables[name]), value)),
    )
    if (entry !== undefined) return entry.cost
    const { cost, reads } = price(operation, variables, refused)
    const found = [...reads.variables].map(([name, reading]) => ({ name, reading, value: reading(variables[name]) }))
    const remembered = lengthOf(found.map(({ value }) => value))
    if (length >= reads.shorterThan || remembered > longestRemembered) return cost
    if (known.length === maxEntries) known.shift()
    known.push({ operation, refused, shorterThan: reads.shorterThan, found, cost })
    return cost
  }
}
