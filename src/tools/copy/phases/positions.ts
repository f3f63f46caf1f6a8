/** How far the source has numbered its rows: SIPIS deletes what it has delivered, so its sequences run ahead of its rows. */
import { Problem } from '../../../errors/problem.ts'
import { qualifiedName } from '../../../sipis/schemas.ts'
import { largestIn, nextValue, sequencesOf } from '../../sequences.ts'
import type { Session } from '../databases/session.ts'
import { inPlace } from '../databases/session.ts'

/**
 * The largest number that each table has given out.
 *
 * @throws Problem if the role may not read a sequence
 */
export async function usedNumbers(source: Session, tables: readonly string[]): Promise<Map<string, bigint>> {
  const used = new Map<string, bigint>()
  // v1 does not number push tests.
  for (const table of tables.filter((name) => name !== 'pushtests')) used.set(table, await usedBy(source, table))
  return used
}

async function usedBy(source: Session, table: string): Promise<bigint> {
  const { query, schemas } = source
  const column = table === 'selectors' ? 'id' : 'rowid'
  const path = qualifiedName(schemas, table)
  let largest = await largestIn(query, path, column)
  const sequences = (await sequencesOf(query, path)).filter((one) => one.column === column && one.increment > 0n)
  for (const sequence of sequences) {
    if (!sequence.readable) {
      throw new Problem(
        `The role may not read the sequence ${sequence.name} of ${inPlace(source)}, so the target could give out numbers again. Run as the owner: GRANT SELECT ON SEQUENCE ${sequence.name} TO the role of the copy.`,
        'MISSING_PRIVILEGE',
      )
    }
    const last = (await nextValue(query, sequence)) - sequence.increment
    if (last > largest) largest = last
  }
  return largest
}

/** A problem for each sequence of the target that would give out numbers again. */
export async function sequencesBehind(target: Session, used: ReadonlyMap<string, bigint>): Promise<string[]> {
  const problems: string[] = []
  for (const [table, largest] of used) {
    for (const sequence of await sequencesOf(target.query, qualifiedName(target.schemas, table))) {
      if (sequence.increment < 0n || !sequence.readable) continue
      const next = await nextValue(target.query, sequence)
      if (next > largest) continue
      problems.push(
        `${table} differs: its sequence ${sequence.name} gives ${next} next, but the source has given out ${largest}.`,
      )
    }
  }
  return problems
}
