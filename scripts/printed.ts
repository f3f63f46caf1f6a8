/**
 * The parts of the documents that are printed from the code. Each stands between `<!-- printed: name -->` and `<!-- end -->`;
 * `npm run docs` writes them, and test/docs.test.ts compares them.
 */
import { isInterfaceType, isObjectType } from 'graphql'
import type { Setting } from '../src/config/setting.ts'
import { settingGroups } from '../src/config/settings.ts'
import { errorCatalogue, extensionCatalogue } from '../src/errors/catalogue.ts'
import { problemKinds } from '../src/errors/problem-kinds.ts'
import { schema } from '../src/graph/schema.ts'
import { createWorkerMetrics } from '../src/telemetry/metrics/workers.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { outcomesOfReport, outcomesWithoutReport } from '../src/tools/copy/report/outcome.ts'

/** The documents that have such parts. */
export const printedDocuments = [
  'docs/configuration.md',
  'docs/security.md',
  'docs/api.md',
  'docs/operations.md',
  'docs/migration.md',
  'docs/clients.md',
]

const parts: Readonly<Record<string, () => string>> = {
  settings,
  limits,
  errors,
  extensions,
  types,
  metrics,
  outcomes,
  problems,
}

/** The document with its printed parts as they are to be. */
export function withPrintedParts(document: string): string {
  return document.replaceAll(
    /(<!-- printed: (\w+) -->\n).*?(<!-- end -->)/gs,
    (_, start: string, name: string, end: string) => {
      const print = parts[name]
      if (print === undefined) throw new Error(`There is no part "${name}" to print: scripts/printed.ts has the parts.`)
      return `${start}\n${print()}\n\n${end}`
    },
  )
}

function settings(): string {
  return settingGroups
    .map(({ title, settings: group }) => {
      const rows = entries(group).map(([name, { flag, values, byDefault, sentence }]) => [
        flag === undefined ? code(name) : `${code(name)}, ${code(flag)}`,
        values,
        byDefault,
        sentence,
      ])
      return `### ${title}\n\n${table(['variable', 'values', 'default', 'meaning'], rows)}`
    })
    .join('\n\n')
}

function limits(): string {
  const rows = settingGroups
    .flatMap(({ settings: group }) => entries(group))
    .flatMap(([name, { byDefault, sentence, beyond }]) =>
      beyond === undefined ? [] : [[code(name), byDefault, sentence, beyond.replaceAll(/\b[A-Z_]{4,}\b/g, code)]],
    )
  return table(['setting', 'default', 'limits', 'beyond it'], rows)
}

function errors(): string {
  const rows = Object.entries(errorCatalogue).map(([name, { statuses, fault, meaning, action, retry }]) => [
    code(name),
    statuses.join(', '),
    fault,
    meaning,
    action,
    retry,
  ])
  return table(['code', 'HTTP status', 'fault', 'meaning', 'what to do', 'retry'], rows)
}

function extensions(): string {
  const rows = Object.entries(extensionCatalogue).map(([name, { with: codes, says }]) => [
    code(name),
    typeof codes === 'string' ? codes : codes.map(code).join(', '),
    says,
  ])
  return table(['extension', 'with', 'says'], rows)
}

/** What the caches of clients have to know of the types of the schema. */
function types(): string {
  const all = Object.values(schema.getTypeMap()).sort((a, b) => (a.name < b.name ? -1 : 1))
  const objects = all.filter(isObjectType).filter(({ name }) => !name.startsWith('__'))
  const roots = [schema.getQueryType(), schema.getSubscriptionType()]
  const parts = objects.filter((type) => !roots.includes(type) && type.getFields()['id'] === undefined)
  const quoted = (types: readonly { readonly name: string }[]) => types.map(({ name }) => `'${name}'`)
  return `\`\`\`ts
/** The types of each interface. */
export const possibleTypes: Record<string, string[]> = {
${all
  .filter(isInterfaceType)
  .map((one) => `  ${one.name}: [${quoted(objects.filter((type) => type.getInterfaces().includes(one))).join(', ')}],`)
  .join('\n')}
}

/** Types without an id: their objects are parts of others. */
export const parts: string[] = [
${quoted(parts)
  .map((name) => `  ${name},`)
  .join('\n')}
]
\`\`\``
}

function metrics(): string {
  const all = [...createMetrics().descriptions, ...createWorkerMetrics(() => 0).descriptions]
  const rows = all.map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help.replaceAll(/\b[A-Z]+(_[A-Z]+)+\b/g, code),
  ])
  return table(['metric', 'type', 'labels', 'meaning'], rows)
}

function outcomes(): string {
  return meanings('outcome', { ...outcomesOfReport, ...outcomesWithoutReport })
}

function problems(): string {
  return meanings('code', problemKinds)
}

function meanings(head: string, of: Readonly<Record<string, string>>): string {
  return table(
    [head, 'meaning'],
    Object.entries(of).map(([name, meaning]) => [code(name), meaning]),
  )
}

/** Without the types of the single settings, which differ. */
function entries(group: Readonly<Record<string, Setting>>): [string, Setting][] {
  return Object.entries(group)
}

function code(text: string): string {
  return `\`${text}\``
}

/** Columns are padded, so that the document reads well as text. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = [...head.keys()].map((column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
