import type { SQL } from 'drizzle-orm'
import type { Statement } from '../database/database.ts'
import type { Prepared, StatementOptions } from '../database/prepared.ts'
import { prepare } from '../database/prepared.ts'
import type { Condition } from './condition.ts'
import type { Window } from './keyset.ts'

/**
 * Caches statements by shape, so that each is composed and rendered once. A shape does not depend on values, so the number of
 * statements is finite.
 */
export type Statements = (
  shape: string,
  conditions: readonly Condition[],
  values: Readonly<Record<string, unknown>>,
  compose: () => SQL,
) => Statement

export function createStatements(options: StatementOptions = {}): Statements {
  const known = new Map<string, Prepared>()
  return (shape, conditions, values, compose) => {
    const full = [shape, ...conditions.map((condition) => condition.shape)].join(' ')
    const statement = known.get(full) ?? prepare(compose(), options)
    known.set(full, statement)
    return statement(Object.assign({}, values, ...conditions.map((condition) => condition.values)))
  }
}

/** Caches statements whose rows are answered, and may be copied into the answer as bytes. */
export function createPages(options: StatementOptions = {}): Statements {
  return createStatements({ ...options, keepsBytes: true })
}

/** Common page sizes. Each has its own statement with a literal LIMIT, which gives PostgreSQL a better plan. */
const usualSizes = new Set([10, 20, 50, 100])

export function hasUsualSize({ limit }: Window): boolean {
  return usualSizes.has(limit - 1)
}
