import { Problem } from '../errors/problem.ts'
import { copiedTables, reasons } from '../tools/copy/plan/plan.ts'
import type { Acceptance } from '../tools/copy/report/acceptance.ts'

const form = /^(?:([a-z]+):)?([a-z0-9-]+)(?:(=|<=)(\d{1,15}))?$/

/**
 * Parses values of --accept-rejects: `orphan` (any number), `orphan=50` (exactly), `orphan<=100` (at most), each with a table
 * before it (`pushtests:orphan=50`) or not, between commas.
 *
 * @throws Problem if a value has another form or names the same rows twice
 */
export function acceptances(values: readonly string[]): Acceptance[] {
  const parsed = values
    .flatMap((value) => value.split(','))
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(acceptance)
  const names = parsed.map(({ table, reason }) => `${table === undefined ? '' : `${table}:`}${reason}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Problem(`--accept-rejects accepts ${twice} twice. Give it once.`, 'USAGE')
  return parsed
}

function acceptance(text: string): Acceptance {
  const [, table, name, comparison, count] = form.exec(text) ?? []
  const reason = reasons.find((known) => known === name)
  if (reason === undefined) {
    throw new Problem(
      `--accept-rejects ${text} is not reason, reason=count, reason<=count or table:reason. The reasons are ${reasons.join(', ')}.`,
      'USAGE',
    )
  }
  if (table !== undefined && !copiedTables.some((known) => known === table))
    throw new Problem(
      `--accept-rejects ${text} names no table of SIPIS. The tables are ${copiedTables.join(', ')}.`,
      'USAGE',
    )
  if (comparison === undefined) return { table, reason, least: 0, most: Number.POSITIVE_INFINITY }
  return { table, reason, least: comparison === '=' ? Number(count) : 0, most: Number(count) }
}
