import type { Principal } from './principal.ts'
import { rules, subgraphRules } from './rules.ts'

/** Fields that are FORBIDDEN for a principal, as Type.field. Identical for identical scopes. */
export type RefusedFields = ReadonlySet<string>

const known = new Map<string, RefusedFields>()
/** By the list itself, which is the same in all requests of a credential. */
const ofLists = new WeakMap<Principal['scopes'], RefusedFields>()

export function refusedFields({ scopes }: Principal): RefusedFields {
  const refused = ofLists.get(scopes) ?? ofScopes(scopes)
  ofLists.set(scopes, refused)
  return refused
}

function ofScopes(scopes: Principal['scopes']): RefusedFields {
  // At most 32 entries: one for each set of the five scopes.
  const key = [...scopes].sort().join(' ')
  const found = known.get(key) ?? new Set(refusedTo(scopes))
  known.set(key, found)
  return found
}

function refusedTo(scopes: Principal['scopes']): string[] {
  return [rules, subgraphRules].flatMap(Object.entries<(typeof rules)[string]>).flatMap(([type, fields]) =>
    Object.entries(fields)
      .filter(([, rule]) => typeof rule !== 'string' && !rule.some((scope) => scopes.includes(scope)))
      .map(([field]) => `${type}.${field}`),
  )
}
