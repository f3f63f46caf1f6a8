/** Writes the console's documents: npm run client */
import { writeFileSync } from 'node:fs'
import { generatedClient } from './generated-client.ts'

for (const [file, text] of await generatedClient()) writeFileSync(file, text)
