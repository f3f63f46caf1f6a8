/** What an operator should know of a source, although its rows can go. */
import type { Schemas } from '../../sipis/schemas.ts'
import { qualifiedName } from '../../sipis/schemas.ts'
import type { CopyTable } from './plan.ts'
import { serverQuestions } from './plan.ts'
import type { Source } from './session.ts'

export function absentWarnings(plan: readonly CopyTable[], schemas: Schemas): string[] {
  const absent = plan.filter(({ name }) => !schemas.has(name))
  return absent.map(({ name }) => `The source has no table ${name}; none of its rows are copied.`)
}

/** Of a source that has the table restart. */
export async function serverWarnings({ query, schemas }: Source): Promise<string[]> {
  const questions = serverQuestions(qualifiedName(schemas, 'restart'))
  const [[existing] = []] = await query(questions.existing)
  const [[disagreeing] = []] = await query(questions.disagreeing)
  const warnings: string[] = []
  if (existing !== '0')
    warnings.push(
      `${existing} selectors have an entry named "server" already; it stays, and restart.server does not become one.`,
    )
  if (disagreeing !== '0')
    warnings.push(
      `The restart entries of ${disagreeing} selectors disagree about the server; the one of the newest entry is taken.`,
    )
  return warnings
}
