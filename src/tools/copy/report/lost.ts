/** What the rejected rows mean to users, by selector. */

import type { Session } from '../databases/session.ts'
import type { Reason } from '../plan/plan.ts'
import type { AnalysedTask } from '../plan/task.ts'
import type { Lost } from './report.ts'

const listed = 10

/** Rows that no instance misses: they belong to none, or another row has their place. */
const unmissed: readonly Reason[] = ['null-id', 'orphan', 'null-selector', 'null-name', 'duplicate-key']

type Sentence = (selectors: number, rows: number) => string

const sentences: Readonly<Record<string, Sentence>> = {
  selectors: (selectors) => `${counted(selectors, 'account is', 'accounts are')} gone with all rows`,
  tokens: (selectors, rows) =>
    `${counted(selectors, 'installation loses', 'installations lose')} ${counted(rows, 'push token', 'push tokens')}`,
  sipcalls: (_, rows) => `${counted(rows, 'call is', 'calls are')} not announced`,
  siptextmessages: (_, rows) => `${counted(rows, 'message is', 'messages are')} not delivered`,
  data: (selectors, rows) => entriesLost(selectors, rows, 'data'),
  restart: (selectors, rows) => entriesLost(selectors, rows, 'restart'),
}

/** What SIPIS does without an entry depends on its name, and the names are unpublished. */
function entriesLost(selectors: number, rows: number, table: string): string {
  const entries = counted(rows, 'entry', 'entries')
  return `${counted(selectors, 'account loses', 'accounts lose')} ${entries} of ${table}, which holds the values of SIP accounts`
}

/** Finds the selectors of rejected rows, in the order of severity of the tables. */
export async function findLost(analysed: readonly AnalysedTask[], source: Session): Promise<Lost[]> {
  const lost: Lost[] = []
  for (const { table, statements, collisions, report } of analysed) {
    const sentence = sentences[table.name]
    if (sentence === undefined || !hasMissed(report.rejects)) continue
    const found = await source.query(statements.lost(collisions, unmissed, listed))
    const [[, selectors, rows] = []] = found
    if (selectors === undefined) continue
    lost.push({
      table: table.name,
      selectors: Number(selectors),
      rows: Number(rows),
      sentence: sentence(Number(selectors), Number(rows)),
      first: found.map(([selector]) => printable(String(selector))),
    })
  }
  return lost
}

/** A line for each table: the sentence, the first selectors, and how many more there are. */
export function describeLost({ sentence, selectors, first }: Lost): string {
  const more = selectors - first.length
  return `${sentence}: ${first.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

function hasMissed(rejects: Partial<Record<Reason, number>>): boolean {
  return (Object.keys(rejects) as Reason[]).some((reason) => !unmissed.includes(reason))
}

function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

function printable(selector: string): string {
  return selector.replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
}
