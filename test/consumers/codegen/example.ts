/** Writes the example of docs/api.md, as the package has it, beside the other sources. */
import { readFile, writeFile } from 'node:fs/promises'

const text = await readFile('../node_modules/sipis-gateway/docs/api.md', 'utf8')
const [, example] = /```ts\n(.*?)```/s.exec(text) ?? []
if (example === undefined) throw new Error('docs/api.md has no example in TypeScript.')
await writeFile('src/newest.ts', example)
