import type { Authenticate } from '../../src/auth/authenticate.ts'
import { CredentialError } from '../../src/auth/credential-error.ts'
import type { Principal, Scope } from '../../src/auth/principal.ts'

/** Principals by name, for tests that are not about credentials. The credential is the name. */
export function authenticateAs(principals: readonly Principal[]): Authenticate {
  const byName = new Map(principals.map((principal) => [`Bearer ${principal.name}`, principal]))
  return async (authorization) => {
    const found = byName.get(authorization ?? '')
    if (found === undefined) throw new CredentialError('not of this test')
    return found
  }
}

export function device(name: string, selector: string, ...more: Scope[]): Principal {
  return { id: `jwt:${selector}`, name, scopes: ['sipis:own', ...more], selector }
}

export function tool(name: string, ...scopes: Scope[]): Principal {
  return { id: `key:${name}`, name, scopes, selector: null }
}
