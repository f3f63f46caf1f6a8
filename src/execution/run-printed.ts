import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql'
import { execute } from 'graphql'
import type { PreparedDocument } from '../documents/documents.ts'
import { printedDocument } from '../graph/printing/printed-document.ts'
import { Unprintable } from '../graph/printing/template.ts'
import type { Run } from './run.ts'
import { argumentsOf } from './run.ts'

/** Executes queries by graphql-js, with lists printed where they can be. */
export function createRunPrinted(schema: GraphQLSchema): Run {
  const printed = printedOnce(schema)
  return (operation, contextValue) => {
    const given = argumentsOf(schema, operation)
    const document = printed(operation.prepared)
    const reported = (found: ExecutionResult) => {
      if (!isUnprintable(found)) return found
      // Only graphql-js reports a value that is an error. The loaders remember what they have read.
      operation.usage.answerAnew()
      return execute({ ...given, contextValue })
    }
    const result = execute({ ...given, document, contextValue })
    return result instanceof Promise ? result.then(reported) : reported(result)
  }
}

function isUnprintable({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ originalError }) => originalError instanceof Unprintable)
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
