import { codegen } from 'sipis-gateway/codegen'

const documents = ['src/*.ts', '../shared/documents.graphql']
const client = codegen({ documents, persistedDocuments: true })
const throwing = codegen({ documents, output: 'src/gql-throwing/', errorHandlingClient: true })

export default {
  ...client,
  generates: { ...client.generates, ...throwing.generates },
  // Node runs the generated modules as they are.
  importExtension: '.ts',
}
