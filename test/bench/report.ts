/** Formats the results as Markdown. */
import type { Contender } from './contenders.ts'
import type { DatabaseName } from './databases.ts'
import { databases } from './databases.ts'
import type { QueryName } from './dialects/dialect.ts'
import type { Pair, Pairs } from './further.ts'
import type { Sample } from './measure.ts'
import { middle } from './measure.ts'
import { median } from './median.ts'
import type { Query } from './queries.ts'
import type { Samples } from './rounds.ts'

export interface Cell {
  readonly database: DatabaseName
  readonly query: Query
  readonly connections: number
  readonly samples: Samples
}

/** A query over another database, in turn with the one of the other results. */
export interface Comparison {
  readonly database: DatabaseName
  readonly query: Query
  readonly pairs: Pairs
}

export interface Results {
  readonly contenders: readonly Contender[]
  readonly cells: readonly Cell[]
  /** The database of the results below. */
  readonly database: DatabaseName
  readonly usualConnections: number
  /** Other databases compared with it. */
  readonly comparisons: readonly Comparison[]
  readonly sizes: ReadonlyMap<string, Pair>
  readonly neighbours: ReadonlyMap<string, Pair>
  readonly firstAnswers: ReadonlyMap<string, number>
}

type Row = readonly string[]

export function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`
  const isNumber = (text: string | undefined) => text !== undefined && /^[\d–]/.test(text)
  const rule = head.map((_, column) => (rows.every((row) => isNumber(row[column])) ? '---:' : '---'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

export function report(results: Results): string {
  const { cells, contenders } = results
  const [reference = ''] = contenders.map(({ name }) => name)
  const names = [...new Set(cells.map(({ database }) => database))]
  return [
    ...names.flatMap((database) => {
      const own = cells.filter((cell) => cell.database === database)
      return [`### Schema ${databases[database].label}: requests per second`, overview(own, contenders, reference)]
    }),
    '### Other measurements',
    beside(results),
    ...compared(results),
    repeatability(cells, reference),
    ...names.flatMap((database) => [
      `### Schema ${databases[database].label}: every figure`,
      details(
        cells.filter((cell) => cell.database === database),
        reference,
      ),
    ]),
  ].join('\n\n')
}

function overview(cells: readonly Cell[], contenders: readonly Contender[], reference: string): string {
  const rows = cells.map(({ query, connections, samples }) => [
    query.label,
    String(connections),
    ...contenders.map(({ name }) => {
      const own = samples.get(name)
      return own === undefined
        ? '–'
        : `${rate(own)}${name === reference ? '' : ` (${ratio(samples, name, reference)})`}`
    }),
  ])
  return table(['', 'callers', ...contenders.map(({ name }) => name)], rows)
}

function details(cells: readonly Cell[], reference: string): string {
  const rows = cells.flatMap(({ query, connections, samples }) =>
    [...samples].map(([name, own]) => {
      const { p50, p99, serverCpu, postgresCpu, peakMegabytes } = middle(own)
      return [
        `${query.label}, ${connections}: ${name}`,
        rate(own),
        ratio(samples, name, reference),
        p50.toFixed(2),
        p99.toFixed(2),
        figure(serverCpu, 3),
        figure(postgresCpu, 3),
        figure(peakMegabytes, 0),
      ]
    }),
  )
  const head = ['query, callers: contender', 'requests/s', 'of the gateway', 'p50 ms', 'p99 ms']
  return table([...head, 'server CPU s/1000', 'PostgreSQL CPU s/1000', 'peak MB'], rows)
}

function beside(results: Results): string {
  const { contenders, cells, database, usualConnections, sizes, neighbours, firstAnswers } = results
  const own = cells.filter((cell) => cell.database === database)
  const most = Math.max(...own.map(({ connections }) => connections))
  const of = (query: QueryName, connections: number, name: string) => {
    const found = own.find((cell) => cell.query.name === query && cell.connections === connections)?.samples.get(name)
    return found === undefined ? undefined : middle(found)
  }
  const measures: readonly [string, (name: string) => string][] = [
    [
      'rate of Q5 on page 1,000 / on page 1',
      (name) =>
        quotient(of('deepPage', usualConnections, name)?.perSecond, of('firstPage', usualConnections, name)?.perSecond),
    ],
    [
      'rate of Q1 with ten times the selectors and calls / without',
      (name) =>
        figure(
          change(sizes.get(name), ({ perSecond }) => perSecond),
          2,
        ),
    ],
    [
      `p99 / p50 of Q1, ${most} callers`,
      (name) => quotient(of('history', most, name)?.p99, of('history', most, name)?.p50),
    ],
    [
      'p99 of Q1 while Q4 runs in a loop / alone',
      (name) =>
        figure(
          change(neighbours.get(name), ({ p99 }) => p99),
          2,
        ),
    ],
    [
      'rate of Q1 while Q4 runs in a loop / alone',
      (name) =>
        figure(
          change(neighbours.get(name), ({ perSecond }) => perSecond),
          2,
        ),
    ],
    [`peak memory in Q1, ${most} callers, MB`, (name) => figure(of('history', most, name)?.peakMegabytes, 0)],
    ['start to first response, s', (name) => figure(firstAnswers.get(name), 2)],
  ]
  const names = contenders.map(({ name }) => name)
  return table(
    ['', ...names],
    measures.map(([label, value]) => [label, ...names.map(value)]),
  )
}

function change(pair: Pair | undefined, value: (sample: Sample) => number): number | undefined {
  if (pair === undefined) return undefined
  return median(pair.changed.map((changed, round) => value(changed) / value(pair.plain[round] ?? changed)))
}

/** Rates and CPU time over other databases, as ratios to the one of the other measurements. */
function compared({ comparisons, database }: Results): string[] {
  if (comparisons.length === 0) return []
  const cpu = ({ serverCpu, postgresCpu }: Sample) => (serverCpu ?? Number.NaN) + (postgresCpu ?? Number.NaN)
  const rows = comparisons.flatMap(({ database: other, query, pairs }) =>
    [...pairs].map(([name, pair]) => [
      `${query.label} on ${databases[other].label} / on ${databases[database].label}: ${name}`,
      figure(
        change(pair, ({ perSecond }) => perSecond),
        2,
      ),
      figure(change(pair, cpu), 2),
    ]),
  )
  return [table(['', 'rate', 'CPU time of a request'], rows)]
}

/** Compares the ratios of the first half of the rounds with those of the second half. */
function repeatability(cells: readonly Cell[], reference: string): string {
  const differences = cells.flatMap(({ samples }) =>
    [...samples.keys()]
      .filter((name) => name !== reference)
      .map((name) => {
        const half = Math.ceil((samples.get(name)?.length ?? 0) / 2)
        return Math.abs(ratioOf(samples, name, reference, 0, half) / ratioOf(samples, name, reference, half) - 1)
      })
      .filter((difference) => Number.isFinite(difference)),
  )
  if (differences.length === 0) return ''
  return (
    `Repeatability: between the first and the second half of the rounds the ratios to the gateway differ by ` +
    `${percent(median(differences))} in the median and ${percent(Math.max(...differences))} at most ` +
    `(${differences.length} ratios).`
  )
}

/** Ratios within each round, because measurements of the same seconds share the state of the machine. */
function ratioOf(samples: Samples, name: string, reference: string, from = 0, to?: number): number {
  const rates = (of: string) => (samples.get(of) ?? []).slice(from, to).map(({ perSecond }) => perSecond)
  const ofReference = rates(reference)
  return median(rates(name).map((perSecond, round) => perSecond / (ofReference[round] ?? Number.NaN)))
}

function ratio(samples: Samples, name: string, reference: string): string {
  return figure(ratioOf(samples, name, reference), 2)
}

function rate(samples: readonly Sample[]): string {
  const { perSecond } = middle(samples)
  return perSecond < 100 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en')
}

function quotient(a: number | undefined, b: number | undefined): string {
  return a === undefined || b === undefined ? '–' : figure(a / b, 2)
}

function figure(value: number | undefined, digits: number): string {
  return value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
