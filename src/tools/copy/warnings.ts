/** Warnings about a source that do not prevent a copy. */
import type { Schemas } from '../../sipis/schemas.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import type { CopyTable } from './plan.ts'
import { serverCountStatements } from './plan.ts'
import type { Source } from './session.ts'

export function absentWarnings(plan: readonly CopyTable[], schemas: Schemas): string[] {
  const absent = plan.filter(({ name }) => !schemas.has(name))
  return absent.map(({ name }) => `The source has no table ${name}; none of its rows are copied.`)
}

/** The source must have the table restart. */
export async function serverWarnings({ query, schemas }: Source): Promise<string[]> {
  const statements = serverCountStatements(qualifiedName(schemas, 'restart'))
  const [[existing] = []] = await query(statements.existing)
  const [[disagreeing] = []] = await query(statements.disagreeing)
  const warnings: string[] = []
  if (existing !== '0')
    warnings.push(
      `${existing} selectors already have an entry named "server"; it is kept, and restart.server is not copied.`,
    )
  if (disagreeing !== '0')
    warnings.push(
      `The restart entries of ${disagreeing} selectors disagree about the server; that of the newest entry is used.`,
    )
  return warnings
}
