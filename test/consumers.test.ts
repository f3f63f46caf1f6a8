/** The packages of test/consumers/, which npm run test:consumers installs and runs. */
import { globSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const manifest = z.object({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()),
  scripts: z.object({ test: z.string() }),
})
const lock = z.object({ packages: z.record(z.string(), z.looseObject({})) })
const folders = globSync('test/consumers/*/package.json').map(dirname).sort()

const textsOf = (folder: string, pattern: string) =>
  globSync(`${folder}/${pattern}`, { exclude: ['**/node_modules'] }).map((file) => readFileSync(file, 'utf8'))
const isLenient = (configuration: string) => configuration.includes('"skipLibCheck": true')

describe.each(folders)('The client in %s', (folder) => {
  const text = readFileSync(`${folder}/package-lock.json`, 'utf8')
  const { packages } = lock.parse(JSON.parse(text))

  it('has the dependencies of its lock file, which names no registry', () => {
    const { dependencies, name } = manifest.parse(JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')))
    expect(packages['']).toEqual({ name, dependencies })
    expect(text).not.toContain('resolved')
  })

  it('leaves out declarations of libraries only where a comment says which of them fail', () => {
    const configurations = textsOf(folder, 'tsconfig*.json')
    expect(configurations.length).toBeGreaterThan(0)
    for (const one of configurations.filter(isLenient))
      expect(one).toMatch(/\/\/ [^"]*\(TS\d+[^"]*"skipLibCheck": true/)
  })

  it('is named in docs/testing.md', () => {
    expect(readFileSync('docs/testing.md', 'utf8')).toMatch(new RegExp(`\\b${folder.split('/').at(-1)}\\b`))
  })
})

describe.each(folders.filter((folder) => !folder.endsWith('/lint')))(
  'The client in %s, which sends queries,',
  (folder) => {
    it('shows each failure of the shared table', () => {
      expect(textsOf(folder, '**/*.test.ts').join('\n')).toMatch(/^ *checkFailures\(/m)
    })

    it('has the declarations of the gateway checked', () => {
      const strict = textsOf(folder, 'tsconfig*.json').filter((one) => !isLenient(one))
      expect(strict).toHaveLength(1)
      expect(textsOf(folder, '**/*.ts').join('\n') + strict.join('\n')).toMatch(
        /from 'sipis-gateway|shared\/imports.ts/,
      )
    })
  },
)

it('CI runs all clients', () => {
  expect(readFileSync('.ci/run', 'utf8')).toMatch(/consumers\/run\.ts$/m)
})
