/** Writes the TypeScript of README.md, as the package has it, to be compiled with the other sources. */
import { readFile, writeFile } from 'node:fs/promises'

const text = await readFile('../node_modules/sipis-gateway/README.md', 'utf8')
const [, example] = /```ts\n(.*?)```/s.exec(text) ?? []
if (example === undefined) throw new Error('README.md has no TypeScript.')
await writeFile('example.ts', example)
