import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { releaseNotes } from '../scripts/changelog.ts'

const workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(
    z.string(),
    z.looseObject({
      'timeout-minutes': z.number(),
      permissions: z.record(z.string(), z.string()).optional(),
      strategy: z.object({ matrix: z.object({ node: z.array(z.string()) }) }).optional(),
      steps: z.array(z.looseObject({ uses: z.string().optional(), run: z.string().optional() })),
    }),
  ),
})
const manifest = z
  .object({
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
    repository: z.object({ url: z.string() }),
    homepage: z.string(),
    bugs: z.string(),
  })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')))
const files = globSync('.github/workflows/*.yml').sort()
const read = (file: string) => workflow.parse(parse(readFileSync(file, 'utf8')))
const runsOf = (file: string) =>
  Object.values(read(file).jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))

describe('The workflows', () => {
  it('are those for changes and for releases', () => {
    expect(files).toEqual(['.github/workflows/ci.yml', '.github/workflows/release.yml'])
  })

  it.each(files)('run only scripts and files that exist: %s', (file) => {
    const runs = runsOf(file).join('\n')
    for (const [, script = ''] of runs.matchAll(/npm run ([\w:]+)/g)) expect(manifest.scripts).toHaveProperty(script)
    const paths = [...runs.matchAll(/(?:bash|node) ([\w./-]+\/[\w.-]+)/g)].map(([, path = '']) => path)
    expect(paths.length).toBeGreaterThan(0)
    for (const path of paths) expect(readFileSync(path).length).toBeGreaterThan(0)
  })

  it.each(files)('may only read by default, and keep no credentials in the clone: %s', (file) => {
    const { permissions, jobs } = read(file)
    expect(permissions).toEqual({ contents: 'read' })
    for (const { steps } of Object.values(jobs)) {
      const clones = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
      expect(clones).toHaveLength(1)
      expect(clones[0]).toMatchObject({ with: { 'persist-credentials': false } })
    }
  })

  it('test the supported versions of Node, the oldest of them, and one that is too old', () => {
    const { test, package: packed } = read('.github/workflows/ci.yml').jobs
    expect(test?.strategy?.matrix.node).toEqual(['22', '24'])
    expect(manifest.engines.node).toBe('>=22.15.0')
    expect(packed?.strategy?.matrix.node).toEqual(['20', '22.15.0', '22', '24'])
  })

  it('run every part of .ci/run for a change', () => {
    const runs = runsOf('.github/workflows/ci.yml')
      .join('\n')
      .replace('node node_modules/vitest/vitest.mjs run', 'npm test')
      .replace('npm run test:consumers', 'node test/consumers/run.ts')
    const parts = [...readFileSync('.ci/run', 'utf8').matchAll(/^(?:PATH=\S+ )?((?:npm|bash|node) .+)$/gm)].map(
      ([, part]) => part,
    )
    const own = ['npm ci', 'npm run check', 'npm test', 'npm run build', 'bash .ci/package']
    expect(parts).toEqual([...own, 'node test/consumers/run.ts'])
    for (const part of parts) expect(runs).toContain(part)
  })

  it('publish with provenance, a bill of materials and the change log, after everything has passed', () => {
    const { publish } = read('.github/workflows/release.yml').jobs
    expect(publish?.permissions).toEqual({ contents: 'write', 'id-token': 'write' })
    const runs = runsOf('.github/workflows/release.yml')
    const at = (text: string) => runs.findIndex((run) => run.includes(text))
    expect(at('scripts/release-notes.ts')).toBe(0)
    expect(at('.ci/run')).toBeLessThan(at('npm sbom'))
    expect(at('npm sbom')).toBeLessThan(at('npm publish'))
    expect(runs.join('\n')).toMatch(/npm publish .*--provenance/)
  })
})

describe('The notes of a release', () => {
  const log =
    '# Changelog\n\n## Unreleased\n\n- c\n\n## 1.2.3 (2026-12-01)\n\n- a\n  b\n\n### Fixed\n\n- d\n\n## 1.2.2\n\n- e\n'

  it('are the section of its version', () => {
    expect(releaseNotes(log, '1.2.3')).toBe('- a\n  b\n\n### Fixed\n\n- d\n')
    expect(releaseNotes(log, '1.2.2')).toBe('- e\n')
  })

  it.each(['1.2', '1.2.4', 'Changelog'])('do not exist for %s', (version) => {
    expect(() => releaseNotes(log, version)).toThrow(/has no section/)
  })
})

describe('The project on GitHub', () => {
  it('has templates for issues that parse, with ids of their own and at least one required answer', () => {
    const form = z.object({
      name: z.string(),
      description: z.string(),
      body: z.array(
        z.object({
          type: z.string(),
          id: z.string().optional(),
          validations: z.object({ required: z.boolean() }).optional(),
        }),
      ),
    })
    for (const file of globSync('.github/ISSUE_TEMPLATE/*.yml').filter((name) => !name.endsWith('config.yml'))) {
      const { body } = form.parse(parse(readFileSync(file, 'utf8')))
      const ids = body.flatMap(({ id }) => id ?? [])
      expect(new Set(ids).size).toBe(body.filter(({ type }) => type !== 'markdown').length)
      expect(body.some(({ validations }) => validations?.required === true)).toBe(true)
    }
  })

  it('is the one that package.json names', () => {
    const [, home = ''] = /^git\+(https:\/\/github\.com\/[\w-]+\/[\w-]+)\.git$/.exec(manifest.repository.url) ?? []
    expect([manifest.homepage, manifest.bugs]).toEqual([`${home}#readme`, `${home}/issues`])
    for (const file of globSync('.github/**/*.{yml,md}'))
      for (const [url] of readFileSync(file, 'utf8').matchAll(/https:\/\/github\.com\/[\w-]+\/[\w-]+/g))
        expect(url).toBe(home)
  })
})
