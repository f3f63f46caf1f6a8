import type { DocumentNode, GraphQLSchema } from 'graphql'
import { execute } from 'graphql'
import type { PreparedDocument } from '../documents/documents.ts'
import { printedDocument } from '../graph/printing/printed-document.ts'
import { Unprintable } from '../graph/printing/template.ts'
import type { Run } from './run.ts'
import { argumentsOf } from './run.ts'

/** Executes queries by graphql-js, with lists printed where they can be. */
export function createRunPrinted(schema: GraphQLSchema): Run {
  const printed = printedOnce(schema)
  return async (operation, contextValue) => {
    const given = argumentsOf(schema, operation)
    const document = printed(operation.prepared)
    const result = await execute({ ...given, document, contextValue })
    if (!result.errors?.some(({ originalError }) => originalError instanceof Unprintable)) return result
    // Only graphql-js reports a value that is an error. The loaders remember what they have read.
    operation.usage.answerAnew()
    return execute({ ...given, contextValue })
  }
}

/** Documents are rewritten once, for as long as they are remembered. */
function printedOnce(schema: GraphQLSchema): (prepared: PreparedDocument) => DocumentNode {
  const known = new WeakMap<PreparedDocument, DocumentNode>()
  return (prepared) => {
    const printed = known.get(prepared) ?? printedDocument(schema, prepared.document)
    known.set(prepared, printed)
    return printed
  }
}
