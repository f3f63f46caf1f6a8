import { globSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { scopes } from '../src/auth/principal.ts'
import { schema } from '../src/graph/schema.ts'
import { reasons } from '../src/tools/copy/plan/plan.ts'
import { openDemo } from '../src/tools/demo/demo-database.ts'
import { openClient } from './support/client.ts'
import { untilTestEnds } from './support/database.ts'

describe('README.md', () => {
  it.each(['V2'] as const)('shows a sample query and the response of the demo (%s)', async (version) => {
    const readme = await readFile('README.md', 'utf8')
    const [, query = '', answer = ''] = /```graphql\n(.*?)```\s+```json\n(.*?)```/s.exec(readme) ?? []
    const database = await openDemo(version)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    expect(await (await openClient(database)).answer(query)).toEqual(JSON.parse(answer))
  })

  it('has links to existing files only, like the other documents', async () => {
    const documents = [...globSync('*.md'), ...globSync('docs/**/*.md')]
    expect(documents.length).toBeGreaterThan(8)
    for (const document of documents) {
      const text = await readFile(document, 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\((?!http)([^)#]+)/g)) {
        await readFile(join(dirname(document), target))
      }
    }
  })

  it('repeats no heading, like the other documents', async () => {
    for (const document of [...globSync('*.md'), ...globSync('docs/**/*.md')]) {
      const text = (await readFile(document, 'utf8')).replaceAll(/^```.*?^```/gms, '')
      const headings = [...text.matchAll(/^#+ .+$/gm)].map(([heading]) => heading)
      expect(headings, document).toEqual([...new Set(headings)])
    }
  })

  it('refers only to existing files of src/ and test/, like the other documents', async () => {
    for (const document of [...globSync('*.md'), ...globSync('docs/**/*.md')].filter(
      (name) => name !== 'CHANGELOG.md',
    )) {
      const text = await readFile(document, 'utf8')
      // The reader's own, in docs/api.md.
      for (const [name] of text.matchAll(/\b(?:src|test)\/[\w./-]+\.ts\b/g))
        if (name !== 'src/newest.ts') await access(name)
    }
  })

  it('lists every command', async () => {
    const readme = await readFile('README.md', 'utf8')
    for (const command of ['serve', 'check', 'init', 'seed', 'copy', 'key', 'schema', 'completion'])
      expect(readme).toMatch(new RegExp(`\\| \`${command}\` +\\|`))
  })
})

describe('docs/api.md', () => {
  it('shows a valid query', async () => {
    const [query = ''] = /^ {4}query History.*?^ {4}}$/ms.exec(await readFile('docs/api.md', 'utf8')) ?? []
    expect(validate(schema, parse(query))).toEqual([])
  })
})

describe('docs/migration.md', () => {
  it('lists every reason why a row cannot be copied, and every option of the command', async () => {
    const text = await readFile('docs/migration.md', 'utf8')
    for (const reason of reasons) expect([reason, text.includes(`\`${reason}\``)]).toEqual([reason, true])
    for (const option of [
      '--execute',
      '--verify-only',
      '--freeze',
      '--no-freeze',
      '--rehearse',
      '--back',
      '--write-settings',
      '--result',
      '--invalid-bytes',
      '--missed-reason',
      '--rejects',
      '--accept-rejects',
      '--json',
      '--to',
      '--from',
    ]) {
      expect([option, text.includes(option)]).toEqual([option, true])
    }
  })
})

describe('docs/security.md', () => {
  it('lists every reason not to start, every scope, and existing tests', async () => {
    const text = await readFile('docs/security.md', 'utf8')
    for (const scope of scopes) expect(text).toContain(`\`${scope}\``)
    const sources = await Promise.all(globSync('src/**/*.ts').map((file) => readFile(file, 'utf8')))
    const refusals = [...sources.join().matchAll(/Refused \(([\w-]+)\)/g)]
    expect(refusals.length).toBeGreaterThanOrEqual(10)
    for (const [, reason = ''] of refusals) expect(text).toContain(`\`${reason}\``)
    const tests = [...text.matchAll(/test\/[\w/-]+\.test\.ts/g)].map(([file]) => file)
    expect(tests.length).toBeGreaterThan(15)
    for (const file of tests) await access(file)
  })
})
