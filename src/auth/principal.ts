/** What a principal may do beside asking for its own selector. */
export type Scope = 'sipis:read' | 'sipis:tokens' | 'sipis:settings' | 'sipis:ops'

/** Who asks. */
export interface Principal {
  readonly name: string
  readonly scopes: readonly Scope[]
  /** The caller's own selector, for a device. */
  readonly selector: string | null
}

/** There is no authentication yet, which is why the gateway answers on loopback only: whoever reaches it may see all. */
export const openPrincipal: Principal = {
  name: 'open',
  scopes: ['sipis:read', 'sipis:tokens', 'sipis:settings', 'sipis:ops'],
  selector: null,
}
