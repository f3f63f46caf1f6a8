import type { DocumentNode, GraphQLSchema } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Execute } from './compile.ts'
import { compile } from './compile.ts'

/** The compiled form of an operation; undefined while it has not been asked for often enough to be worth one. */
export type Compiled = (document: DocumentNode, operationName: string | undefined) => Execute | undefined

/** Documents that are asked once or twice are cheaper to interpret, and strangers can make up any number of them. */
const worthAfter = 3
/** A compiled operation takes some hundred kilobytes. */
const most = 200

type ByName = Map<string | undefined, Execute>

/** Compiled operations live as long as their document is remembered, and no more than so many documents have any. */
export function openCompiled(schema: GraphQLSchema): Compiled {
  const asked = new WeakMap<DocumentNode, number>()
  const known = new LRUCache<DocumentNode, ByName>({ max: most })
  return (document, operationName) => {
    const times = (asked.get(document) ?? 0) + 1
    if (times <= worthAfter) {
      asked.set(document, times)
      return undefined
    }
    const byName: ByName = known.get(document) ?? new Map()
    known.set(document, byName)
    const execute = byName.get(operationName) ?? compile(schema, document, operationName)
    byName.set(operationName, execute)
    return execute
  }
}
