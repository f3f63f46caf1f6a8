import { randomBytes } from 'node:crypto'
import type { TestProject } from 'vitest/node'
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
  provide('serverUrl', server.url)
  provide('run', run)
  return async () => {
    await dropDatabases(server.url, run)
    await server.stop()
  }
}
