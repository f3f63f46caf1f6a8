/**
 * What a principal may see.
 *
 * - `sipis:own`: its own selector, and all that belongs to it.
 * - `sipis:read`: every selector, with its calls, messages, push tests and token fingerprints.
 * - `sipis:tokens`: push tokens in clear, of the selectors that it may see.
 * - `sipis:settings`: the settings that the operator has allowed, of the selectors that it may see.
 * - `sipis:ops`: the schema by introspection, GraphiQL, and what database is served.
 */
export const scopes = ['sipis:own', 'sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'] as const

export type Scope = (typeof scopes)[number]

/** Who asks. */
export interface Principal {
  /** Tells principals apart, for limits and the audit log; a device's holds its selector. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  /** The caller's own selector, for a device. */
  readonly selector: string | null
}

/** Whoever reaches a gateway that asks for no credential, which listens on loopback only. */
export const anonymousPrincipal: Principal = {
  id: 'open',
  name: 'open',
  scopes: ['sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'],
  selector: null,
}

export function has({ scopes }: Principal, scope: Scope): boolean {
  return scopes.includes(scope)
}

/** Whether the selector with this name, existing or not, is one of those that the principal may see. */
export function maySee(principal: Principal, selector: string): boolean {
  return has(principal, 'sipis:read') || (has(principal, 'sipis:own') && principal.selector === selector)
}

export function isScope(text: string): text is Scope {
  return scopes.some((scope) => scope === text)
}
