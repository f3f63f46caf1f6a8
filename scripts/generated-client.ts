import { globSync, readFileSync } from 'node:fs'
import { preset } from '@graphql-codegen/client-preset'
import { codegen as generate } from '@graphql-codegen/core'
import { buildSchema, parse } from 'graphql'
import { codegen } from '../src/codegen.ts'

const output = 'console/client/'

/**
 * Generates the console's typed documents, and the manifest of their texts, by the preset that clients use. Without its command line,
 * which takes 230 packages.
 *
 * @returns the text of each file, by its path
 */
export async function generatedClient(): Promise<ReadonlyMap<string, string>> {
  const { generates } = codegen({ output, persistedDocuments: true })
  const { config } = generates[output] ?? {}
  const sdl = readFileSync('schema.graphql', 'utf8')
  const sections = await preset.buildGeneratesSection({
    baseOutputDir: output,
    presetConfig: {
      fragmentMasking: false,
      persistedDocuments: { mode: 'replaceDocumentWithHash', hashAlgorithm: 'sha256' },
    },
    config: { ...config },
    schema: parse(sdl),
    schemaAst: buildSchema(sdl),
    documents: sources(),
    plugins: [],
    pluginMap: {},
  })
  const texts = await Promise.all(sections.map((section) => generate(section)))
  const generated = new Map(sections.map(({ filename }, place) => [filename, texts[place] ?? '']))
  return new Map([
    [`${output}documents.ts`, ofUrql(generated.get(`${output}graphql.ts`) ?? '')],
    [`${output}documents.json`, `${generated.get(`${output}persisted-documents.json`)}\n`],
  ])
}

function sources() {
  return globSync('console/documents/*.graphql')
    .sort()
    .map((location) => {
      const rawSDL = readFileSync(location, 'utf8')
      return { location, rawSDL, document: parse(rawSDL) }
    })
}

/** urql sends a document without definitions by its id, so the console contains no texts of documents. */
function ofUrql(text: string): string {
  return text
    .replaceAll(/^export const \w+FragmentDoc = .*$\n/gm, '')
    .replaceAll(
      /\{"__meta__":\{"hash":("[^"]*")[^;]*?\} as unknown as/g,
      '{ kind: "Document", documentId: $1, definitions: [] } as unknown as',
    )
    .replace("'@graphql-typed-document-node/core'", "'urql'")
}
