import { codegen } from 'sipis-gateway/codegen'

export default {
  ...codegen({ documents: ['src/*.ts', '../shared/documents.graphql'], persistedDocuments: true }),
  // Node runs the generated modules as they are.
  importExtension: '.ts',
}
