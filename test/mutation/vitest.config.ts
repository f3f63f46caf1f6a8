import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import base from '../../vitest.config.ts'
import type { Mutant } from './mutants.ts'
import { instrument, mutantsOf } from './mutants.ts'
import { namedMutantsOf } from './named-mutants.ts'

export const folders = ['src/auth/', 'src/documents/', 'src/execution/', 'src/loaders/', 'src/database/']

export function allMutantsOf(file: string, code: string): readonly Mutant[] {
  const generated = folders.some((folder) => file.startsWith(folder)) ? mutantsOf(file, code) : []
  return [...namedMutantsOf(file, code), ...generated]
}

export default defineConfig({
  ...base,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      transform(code: string, id: string) {
        const file = relative(process.cwd(), id)
        const mutants = allMutantsOf(file, code)
        return mutants.length > 0 ? instrument(code, mutants) : undefined
      },
    },
  ],
  test: {
    ...base.test,
    include: ['test/mutation/session.ts'],
    globalSetup: ['test/mutation/provide.ts'],
    maxWorkers: 1,
    testTimeout: Number(process.env['MUTATION_TEST_MS']),
    hookTimeout: 30_000,
    reporters: ['dot'],
    // session.ts records unhandled rejections of mutants.
    dangerouslyIgnoreUnhandledErrors: true,
  },
})
