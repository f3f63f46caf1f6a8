import { Forbidden } from '../auth/forbidden.ts'
import type { Principal, Scope } from '../auth/principal.ts'
import { has } from '../auth/principal.ts'
import { Refusal } from './refusal.ts'

/** @throws Refusal if the principal lacks the scope for what is named */
export function requireScope(principal: Principal, scope: Scope, what: string): void {
  if (has(principal, scope)) return
  const { message, requires } = new Forbidden(what, [scope])
  throw new Refusal(403, 'FORBIDDEN', message, { requires })
}
