import type { GraphQLSchema } from 'graphql'
import { execute } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { PreparedDocument } from '../documents/documents.ts'
import type { Context } from '../graph/context.ts'
import { maxCoercionErrors } from './argument-at-fault.ts'
import type { Run } from './run.ts'

/** Context of Yoga's hooks. */
interface Execution extends Context {
  readonly prepared: PreparedDocument
}

/** Passes documents to Yoga that are already parsed and validated. */
const usePrepared: Plugin<Execution, Execution, Execution> = {
  onParse: ({ context, setParsedDocument }) => setParsedDocument(context.prepared.document),
  onValidate: ({ setResult }) => setResult([]),
  onExecute: ({ setExecuteFn }) => setExecuteFn((given) => execute({ ...given, options: { maxCoercionErrors } })),
}

/** Executes queries by Yoga, with its plugins. Nothing is printed before they have seen it. */
export async function openRunWithPlugins(schema: GraphQLSchema, plugins: readonly object[]): Promise<Run> {
  // Loaded only where it is needed: that takes four times as long as loading graphql-js.
  const { createYoga } = await import('graphql-yoga')
  const yoga = createYoga<Execution, Execution>({
    schema,
    plugins: [usePrepared, ...plugins],
    maskedErrors: false,
    parserAndValidationCache: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    logging: false,
  })
  // A placeholder, because hooks read everything from the context. POST, because Yoga rejects mutations by GET.
  const request = new Request('http://gateway/graphql', { method: 'POST' })
  return async ({ prepared, operationName, variables }, contextValue) => {
    const params = { query: '', variables: { ...variables }, ...(operationName == null ? {} : { operationName }) }
    const result = await yoga.getResultForParams({ params, request }, Object.assign(contextValue, { prepared }))
    if (result === undefined || Symbol.asyncIterator in result)
      throw new Error('Execution did not return a single result.')
    return result
  }
}
