import type { CopyRun } from './copy-run.ts'
import { sizesOf } from './databases/sizes.ts'
import type { LongPhase } from './phase.ts'
import { enter } from './phase.ts'
import type { CopyTable } from './plan/plan.ts'
import type { PhaseProgress } from './progress.ts'

/** Does something for each table, and shows the progress. */
export async function inPhase<T extends { readonly table: CopyTable }, R>(
  phase: Exclude<LongPhase, 'indexing'>,
  tasks: readonly T[],
  { source, progress, step }: CopyRun,
  work: (task: T, bar: PhaseProgress) => Promise<R>,
): Promise<R[]> {
  const tables = tasks.map(({ table }) => table)
  const bar = progress.phase(phase, await sizesOf(source, tables))
  const results: R[] = []
  try {
    for (const task of tasks) {
      enter(step, phase, task.table.name)
      if (phase !== 'copying') bar.table(task.table.name)
      results.push(await work(task, bar))
    }
  } finally {
    bar.stop(results.length === tasks.length)
  }
  return results
}
