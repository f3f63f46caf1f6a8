import type { SQL } from 'drizzle-orm'
import type { Statement } from '../database/database.ts'
import type { Prepared } from '../database/prepared.ts'
import { prepare } from '../database/prepared.ts'
import type { Condition } from './condition.ts'

/**
 * Statements by their shape: each is composed and rendered once. A shape, with those of the conditions, says what is asked and
 * nothing of the values, so that there is a finite number of them.
 */
export type Statements = (
  shape: string,
  conditions: readonly Condition[],
  values: Readonly<Record<string, unknown>>,
  compose: () => SQL,
) => Statement

/** With a lane they are look-ups. */
export function openStatements(lane?: string): Statements {
  const known = new Map<string, Prepared>()
  return (shape, conditions, values, compose) => {
    const full = [shape, ...conditions.map((condition) => condition.shape)].join(' ')
    const statement = known.get(full) ?? prepare(compose(), lane)
    known.set(full, statement)
    return statement(Object.assign({}, values, ...conditions.map((condition) => condition.values)))
  }
}
