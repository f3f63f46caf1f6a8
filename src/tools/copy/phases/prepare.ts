import type { CopyRun } from '../copy-run.ts'
import { beginSource, beginTarget, refuseEncoding } from '../databases/begin.ts'
import { factsOf, otherConnections } from '../databases/catalogue.ts'
import { refuseRelations, tablesElsewhere } from '../databases/relations.ts'
import type { Session } from '../databases/session.ts'
import { enter } from '../phase.ts'
import type { Direction } from '../plan/direction.ts'
import { directionOf } from '../plan/direction.ts'
import type { CopyTable } from '../plan/plan.ts'
import { copiedTables } from '../plan/plan.ts'
import type { Task } from '../plan/task.ts'
import { sourceKeysOf, taskOf } from '../plan/task.ts'
import { writes } from '../report/report.ts'
import { absentWarnings, columnWarnings } from '../report/warnings.ts'
import type { Fingerprints } from './changes.ts'
import { fingerprintsOf } from './changes.ts'
import { usedNumbers } from './positions.ts'
import type { Readiness } from './readiness.ts'
import { readinessOf } from './readiness.ts'

/** Everything that is known before a row is read. */
export interface Prepared {
  readonly plan: readonly CopyTable[]
  readonly tasks: readonly Task[]
  /** The largest number that each table of the source has given out. */
  readonly used: ReadonlyMap<string, bigint>
  readonly readiness: Readiness
  readonly fingerprints: Fingerprints
}

/** Begins both transactions, and rejects unsuitable databases before any row is read. */
export async function prepare(copying: CopyRun): Promise<Prepared> {
  const { options, source, target, step } = copying
  const { mode, freeze } = options
  const direction = directionOf(options)
  enter(step, 'preparing')
  refuseEncoding(target)
  await refuseRelations(source, copiedTables)
  await refuseRelations(target, copiedTables)
  const names = copiedTables.filter((name) => source.schemas.has(name))
  await beginSource(source, names, freeze, direction)
  const numbers = await usedNumbers(source, names)
  await beginTarget(target, copiedTables, mode, direction)
  const used = await direction.numbersFor(target, numbers)
  const plan = await direction.plan(source, target, options, used)
  const facts = new Map<string, Awaited<ReturnType<typeof factsOf>>>()
  for (const { name } of plan) facts.set(name, await factsOf(target, name))
  const readiness =
    mode === 'verify-only' ? { problems: [], warnings: [] } : await readinessOf(target, plan, facts, direction)
  const watched = writes(mode) && !freeze ? names : []
  const fingerprints = await fingerprintsOf(source, watched)
  const present = plan.filter(({ name }) => source.schemas.has(name))
  const conversion = {
    sourceEncoding: source.encoding,
    targetEncoding: target.encoding,
    invalidBytes: options.invalidBytes,
  }
  const sourceKeys = await sourceKeysOf(source, present, conversion)
  const ownerLimit = facts.get('selectors')?.limits.get('selector')
  const tasks: Task[] = []
  for (const table of present) {
    enter(step, 'analysing', table.name)
    const ofTable = facts.get(table.name) ?? { limits: new Map(), uniqueKeys: [] }
    tasks.push(await taskOf(table, { ...ofTable, ownerLimit }, sourceKeys, conversion, source))
  }
  return { plan, tasks, used, readiness, fingerprints }
}

export async function warningsOf(
  source: Session,
  { plan, readiness }: Prepared,
  direction: Direction,
): Promise<string[]> {
  const others = await otherConnections(source)
  const present = copiedTables.filter((name) => source.schemas.has(name))
  const elsewhere = await tablesElsewhere(source, copiedTables)
  return [
    ...absentWarnings(plan, source.schemas),
    ...elsewhere.map((path) => `${path} of the source is not in the search_path of the role; it is not copied.`),
    ...(others === 0
      ? []
      : [
          `${others} other connections to the source are open: SIPIS may be running. What it writes from now on is not copied; stop it first.`,
        ]),
    ...(await columnWarnings(source, present, direction.source)),
    ...(await direction.warnings(source)),
    ...readiness.warnings,
  ]
}
