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

describe.each(folders)('The client in %s', (folder) => {
  const text = readFileSync(`${folder}/package-lock.json`, 'utf8')
  const { packages } = lock.parse(JSON.parse(text))

  it('has the dependencies of its lock file, which names no registry', () => {
    const { dependencies, name } = manifest.parse(JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')))
    expect(packages['']).toEqual({ name, dependencies })
    expect(text).not.toContain('resolved')
  })

  it('is named in docs/testing.md', () => {
    expect(readFileSync('docs/testing.md', 'utf8')).toMatch(new RegExp(`\\b${folder.split('/').at(-1)}\\b`))
  })
})

it('CI runs all clients', () => {
  expect(readFileSync('.ci/run', 'utf8')).toMatch(/consumers\/run\.ts$/m)
})
