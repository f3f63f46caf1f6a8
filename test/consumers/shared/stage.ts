import { readFileSync } from 'node:fs'
import type { Stage } from './gateway.ts'

/** Beside the folder of the client, where its tests run. */
export const stage: Stage = JSON.parse(readFileSync('../stage.json', 'utf8'))
