import type { Collection, Identity } from '../loaders/collection.ts'
import type { Loaders } from '../loaders/loaders.ts'
import { Forbidden } from './forbidden.ts'
import type { Principal } from './principal.ts'
import { has, maySee } from './principal.ts'

/**
 * The readers as a principal may use them. Whatever leads to an object goes through here: a selector that the principal may not
 * see is not even looked up, so it cannot be told from an unknown one. What belongs to a selector that was reached needs no
 * second look.
 */
export function restrictToPrincipal(loaders: Loaders, principal: Principal): Loaders {
  if (has(principal, 'sipis:read')) return loaders
  const { selectors } = loaders
  return {
    ...loaders,
    selectors: {
      byName: async (selector) => (maySee(principal, selector) ? selectors.byName(selector) : null),
      page: forbidden,
      count: forbidden,
    },
    tokens: guarded(loaders.tokens, principal),
    calls: guarded(loaders.calls, principal),
    messages: guarded(loaders.messages, principal),
    pushTests: guarded(loaders.pushTests, principal),
    // Their selector is gone, so they are nobody's.
    orphanPushTests: { load: async () => null },
  }
}

function guarded<Row, Orphan extends null>(
  collection: Collection<Row, Orphan>,
  principal: Principal,
): Collection<Row, Orphan> {
  return {
    ...collection,
    page: forbidden,
    count: forbidden,
    byIdentity: async (identity: Identity) =>
      maySee(principal, identity.selector) ? collection.byIdentity(identity) : null,
  }
}

/** The rules of the fields keep others from coming here; this is the second lock of the same door. */
async function forbidden(): Promise<never> {
  throw new Forbidden('A list over all selectors', ['sipis:read'])
}
