import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generatedClient } from '../../scripts/generated-client.ts'

it('The documents of the console are generated from its sources and the schema: npm run client', async () => {
  for (const [file, text] of await generatedClient()) expect(readFileSync(file, 'utf8'), file).toBe(text)
})
