/** docs/performance.md: the part above the mark is hand-written, the part below is generated. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Contender } from './contenders.ts'
import { databases } from './databases.ts'
import { queryNames } from './dialects/dialect.ts'
import type { Options } from './options.ts'
import { peerVersions } from './peers.ts'
import { queries } from './queries.ts'
import { table } from './report.ts'

const file = new URL('../../docs/performance.md', import.meta.url)
const mark = '<!-- The benchmark writes below this line. -->'

/** Conditions of a run that are needed to interpret its figures. Contains no host names or paths. */
export function circumstances(options: Options, contenders: readonly Contender[], postgres: string): string {
  const { selectors, calls, rounds, seconds, warmUp } = options
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const pinned = options.cpus === '' ? 'all of them' : `processors ${options.cpus}`
  const peers = peerVersions().map(([name, version]) => `${name} ${version}`)
  return [
    '## Measured',
    `${new Date().toISOString().slice(0, 10)}. ${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ` +
      `${gigabytes} GB; servers, PostgreSQL and load shared ${pinned}. Node ${process.versions.node}, PostgreSQL ${postgres} ` +
      `with its default settings. ${selectors.toLocaleString('en')} selectors, ` +
      `${(selectors * calls).toLocaleString('en')} calls; medians of ${rounds} rounds of ${seconds} s each, after ${warmUp} s to warm up.`,
    table(
      ['contender', 'what it is'],
      contenders.map(({ name, note }) => [name, note]),
    ),
    `Packages of the peers: ${peers.join(', ')}.`,
    table(
      ['query', 'what it requests'],
      queries.map(({ label, what }) => [label, what]),
    ),
    ...unanswered(options, contenders),
  ].join('\n\n')
}

function unanswered(options: Options, contenders: readonly Contender[]): string[] {
  const schemas = [...new Set(options.databases.map((name) => databases[name].schema))]
  const found = contenders.flatMap(({ name, dialect }) =>
    schemas.flatMap((schema) =>
      queryNames.flatMap((query) => {
        const operation = dialect(schema)[query]
        return typeof operation === 'string' ? [`- ${name} on ${schema} leaves out ${query}: ${operation}`] : []
      }),
    ),
  )
  return found.length === 0 ? [] : [found.join('\n')]
}

export function writeDocument(text: string): void {
  const [byHand = ''] = readFileSync(file, 'utf8').split(mark)
  writeFileSync(file, `${byHand}${mark}\n\n${text}\n`)
  // The formatter requires aligned tables.
  const biome = fileURLToPath(new URL('../../node_modules/.bin/biome', import.meta.url))
  execFileSync(biome, ['format', '--write', fileURLToPath(file)], { stdio: 'ignore' })
}
