import type { SQL } from 'drizzle-orm'
import type { Statement } from '../database/database.ts'
import type { Prepared, Travel } from '../database/prepared.ts'
import { prepare } from '../database/prepared.ts'
import type { Condition } from './condition.ts'
import type { Window } from './keyset.ts'

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

export function openStatements(travel: Travel = {}): Statements {
  const known = new Map<string, Prepared>()
  return (shape, conditions, values, compose) => {
    const full = [shape, ...conditions.map((condition) => condition.shape)].join(' ')
    const statement = known.get(full) ?? prepare(compose(), travel)
    known.set(full, statement)
    return statement(Object.assign({}, values, ...conditions.map((condition) => condition.values)))
  }
}

/** Pages of the sizes that most ask for: each is a statement of its own, whose plan may count on it. */
const usualSizes = new Set([10, 20, 50, 100])

export function isUsual({ limit }: Window): boolean {
  return usualSizes.has(limit - 1)
}
