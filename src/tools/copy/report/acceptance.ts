/** Decides whether the rows that a copy rejects are accepted. */
import type { Reason } from '../plan/plan.ts'
import { explanations, isHarmless } from '../plan/reasons.ts'
import type { Mode, TableCounts } from './report.ts'

/** How many rows may be rejected for a reason. */
export interface Acceptance {
  /** Undefined for all tables that have no acceptance of their own. */
  readonly table: string | undefined
  readonly reason: Reason
  readonly least: number
  readonly most: number
}

interface Rejected {
  readonly table: string
  readonly reason: Reason
  readonly rows: number
}

interface Run {
  readonly mode: Mode
  readonly accepted: readonly Acceptance[]
}

/**
 * Returns a problem for each reason whose number of rejected rows is not accepted. Harmless rows need no acceptance, nor do those that a
 * comparison finds missing, because the copy has accepted them.
 */
export function unaccepted(tables: readonly TableCounts[], { mode, accepted }: Run): string[] {
  const rejected = rejectedIn(tables)
  const named = accepted.filter(({ table }) => table !== undefined)
  const hasOwn = ({ table, reason }: Rejected) => named.some((one) => one.table === table && one.reason === reason)
  const rest = rejected.filter((one) => !hasOwn(one))
  const general = accepted.filter(({ table }) => table === undefined)
  const unnamed = mode === 'verify-only' ? [] : reasonsOf(rest.filter(isHarmful))
  const open = unnamed.filter((reason) => general.every((one) => one.reason !== reason))
  return [
    ...named.flatMap((one) =>
      violation(
        one,
        rejected.filter(({ table }) => table === one.table),
      ),
    ),
    ...general.flatMap((one) => violation(one, rest)),
    ...open.map((reason) => {
      const rows = sum(rest.filter((one) => one.reason === reason && isHarmful(one)))
      return `${rows} rows cannot be copied: ${reason} (${explanations[reason]}). To copy the others: --accept-rejects ${reason}=${rows}`
    }),
  ]
}

/** The value of --accept-rejects that accepts exactly the rows that need it. Undefined if none do. */
export function neededAcceptance(tables: readonly TableCounts[]): string | undefined {
  const harmful = rejectedIn(tables).filter(isHarmful)
  if (harmful.length === 0) return undefined
  return reasonsOf(harmful)
    .map((reason) => `${reason}=${sum(harmful.filter((one) => one.reason === reason))}`)
    .join(',')
}

/** Number of rows that are rejected and need no acceptance. */
export function harmlessRows(tables: readonly TableCounts[]): number {
  return sum(rejectedIn(tables).filter((one) => !isHarmful(one)))
}

/** Number of rows that are rejected and need an acceptance. */
export function harmfulRows(tables: readonly TableCounts[]): number {
  return sum(rejectedIn(tables).filter(isHarmful))
}

/** Harmless rows may be counted or left out: their number changes by itself. */
function violation({ table, reason, least, most }: Acceptance, rejected: readonly Rejected[]): string[] {
  const ofReason = rejected.filter((one) => one.reason === reason)
  const [all, harmful] = [sum(ofReason), sum(ofReason.filter(isHarmful))]
  if ([all, harmful].some((rows) => rows >= least && rows <= most)) return []
  const said = least === most ? `${most}` : `at most ${most}`
  const where = table === undefined ? '' : ` of ${table}`
  return [`${all} rows${where} cannot be copied: ${reason} (${explanations[reason]}); --accept-rejects says ${said}.`]
}

function isHarmful({ table, reason }: Rejected): boolean {
  return !isHarmless(table, reason)
}

function rejectedIn(tables: readonly TableCounts[]): Rejected[] {
  return tables.flatMap(({ table, rejects }) =>
    (Object.entries(rejects) as [Reason, number][]).map(([reason, rows]) => ({ table, reason, rows })),
  )
}

function reasonsOf(rejected: readonly Rejected[]): Reason[] {
  return [...new Set(rejected.map(({ reason }) => reason))]
}

function sum(rejected: readonly Rejected[]): number {
  return rejected.reduce((total, { rows }) => total + rows, 0)
}
