/** Writes the TypeScript of docs/clients.md, as the package has it, beside the other sources. */
import { readFile, writeFile } from 'node:fs/promises'

const text = await readFile('../node_modules/sipis-gateway/docs/clients.md', 'utf8')
const blocks = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block)
if (blocks.length === 0) throw new Error('docs/clients.md has no TypeScript.')
await writeFile('src/recipes.ts', blocks.join('\n'))
