import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import { bundleWhole } from '../../scripts/bundle.ts'
import { startPostgres } from './postgres.ts'
import { createTemplates, dropDatabases } from './templates.ts'

declare module 'vitest' {
  interface ProvidedContext {
    serverUrl: string
    run: string
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres()
  const run = randomBytes(4).toString('hex')
  await createTemplates(server.url, run)
  const bundled = resolve(`.bundle-${run}`)
  await bundleWhole(bundled)
  provide('serverUrl', server.url)
  provide('run', run)
  process.env['TEST_COMMAND_LINE'] = `${bundled}/cli/main.js`
  return async () => {
    await dropDatabases(server.url, run)
    await server.stop()
    await rm(bundled, { recursive: true, force: true })
  }
}
