/**
 * Scopes of a principal.
 *
 * - `sipis:own`: read its own selector and the rows of that selector.
 * - `sipis:read`: read every selector with its calls, messages, push tests and token fingerprints.
 * - `sipis:tokens`: read push tokens in clear, of the selectors that it may read.
 * - `sipis:settings`: read the settings that the operator allows, of the selectors that it may read.
 * - `sipis:ops`: introspection, GraphiQL, and the `database` query.
 */
export const scopes = ['sipis:own', 'sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'] as const

export type Scope = (typeof scopes)[number]

/** The authenticated caller of a request. */
export interface Principal {
  /** Unique id for limits and the audit log. The id of a device contains its selector. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Selector of a device; null for other callers. */
  readonly selector: string | null
}

/** Principal of every request if no authentication is configured; the gateway then listens on loopback only. */
export const anonymousPrincipal: Principal = {
  id: 'open',
  name: 'open',
  scopes: ['sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'],
  selector: null,
}

export function has({ scopes }: Principal, scope: Scope): boolean {
  return scopes.includes(scope)
}

/** Whether the principal may read this selector, regardless of whether it exists. */
export function maySee(principal: Principal, selector: string): boolean {
  return has(principal, 'sipis:read') || (has(principal, 'sipis:own') && principal.selector === selector)
}

export function isScope(text: string): text is Scope {
  return scopes.some((scope) => scope === text)
}
