/** Writes the TypeScript of documents, as the package has them, beside the other sources. */
import { readFile, writeFile } from 'node:fs/promises'

async function blocksOf(document: string): Promise<string> {
  const text = await readFile(`../node_modules/sipis-gateway/docs/${document}`, 'utf8')
  const blocks = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block)
  if (blocks.length === 0) throw new Error(`${document} has no TypeScript.`)
  return blocks.join('\n')
}

await writeFile('src/newest.ts', await blocksOf('api.md'))
await writeFile('src/recipes.ts', await blocksOf('clients.md'))
