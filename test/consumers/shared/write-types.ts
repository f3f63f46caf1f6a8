/** Writes types.ts into the folder of a client: what docs/clients.md, as the package has it, says of the types for caches. */
import { readFile, writeFile } from 'node:fs/promises'

const text = await readFile('../node_modules/sipis-gateway/docs/clients.md', 'utf8')
const [, types] = /<!-- printed: types -->\n\n```ts\n(.*?)```/s.exec(text) ?? []
if (types === undefined) throw new Error('docs/clients.md says nothing of the types.')
await writeFile('types.ts', types)
