import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import base from '../../vitest.config.ts'
import { instrument, mutantsOf } from './mutants.ts'

export const folders = ['src/auth/', 'src/limits/', 'src/loaders/', 'src/database/']

export default defineConfig({
  ...base,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform(code: string, id: string) {
        const file = relative(process.cwd(), id)
        return folders.some((folder) => file.startsWith(folder)) ? instrument(code, mutantsOf(file, code)) : undefined
      },
    },
  ],
  test: {
    ...base.test,
    include: ['test/mutation/session.ts'],
    globalSetup: ['test/mutation/provide.ts'],
    maxWorkers: 1,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    reporters: ['dot'],
    // A mutant's stray rejection is its own failure, which session.ts notes.
    dangerouslyIgnoreUnhandledErrors: true,
  },
})
