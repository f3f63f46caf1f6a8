import type { Collection } from '../loaders/collection.ts'
import { lazily } from '../loaders/lazily.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { Identity } from '../loaders/query.ts'
import { Forbidden } from './forbidden.ts'
import type { Principal } from './principal.ts'
import { has, maySee } from './principal.ts'

/**
 * Restricts loaders to the selectors that a principal may read. A forbidden selector is not looked up at all, so it is
 * indistinguishable from an unknown one. Rows of a permitted selector need no further check. Lists each loader instead of spreading
 * them, so that a new loader does not compile until it is restricted here.
 */
export function restrictToPrincipal(loaders: Loaders, principal: Principal): Loaders {
  return has(principal, 'sipis:read') ? loaders : restricted({ loaders, principal })
}

interface Restricting {
  readonly loaders: Loaders
  readonly principal: Principal
}

const restricted = lazily<Loaders, Restricting>({
  projection: ({ loaders }) => loaders.projection,
  selectors: ({ loaders: { selectors }, principal }) => ({
    byName: async (selector) => (maySee(principal, selector) ? selectors.byName(selector) : null),
    byNames: (names) => ofSeen(names, (name) => maySee(principal, name), selectors.byNames),
    page: forbidden,
    count: forbidden,
  }),
  tokens: ({ loaders, principal }) => guarded(loaders.tokens, principal),
  calls: ({ loaders, principal }) => guarded(loaders.calls, principal),
  messages: ({ loaders, principal }) => guarded(loaders.messages, principal),
  pushTests: ({ loaders, principal }) => guarded(loaders.pushTests, principal),
  // Orphans have no selector, so no device owns them.
  orphanPushTests: () => ({ load: async () => null }),
  // These read for an object that was already returned.
  messageContents: ({ loaders }) => loaders.messageContents,
  timeline: ({ loaders }) => loaders.timeline,
  settings: ({ loaders }) => loaders.settings,
  pushHealth: ({ loaders }) => loaders.pushHealth,
  callCounts: ({ loaders }) => loaders.callCounts,
  servers: ({ loaders }) => loaders.servers,
  // Other selectors, none of which it may read. No statement, whose time would tell how many there are.
  installations: () => ({ pageOf: async (_, { window }) => window.cut([]), countOf: async () => 0 }),
  changes: ({ loaders: { changes } }) => ({
    ofSelector: changes.ofSelector,
    ofAll: forbidden,
    recent: forbidden,
    moves: changes.moves,
  }),
  // Versions are known from `changes` alone.
  rowVersions: ({ loaders }) => loaders.rowVersions,
})

function guarded<Row, Orphan extends null>(
  collection: Collection<Row, Orphan>,
  principal: Principal,
): Collection<Row, Orphan> {
  return {
    page: forbidden,
    count: forbidden,
    pageOf: collection.pageOf,
    countOf: collection.countOf,
    byIdentity: async (identity: Identity) =>
      maySee(principal, identity.selector) ? collection.byIdentity(identity) : null,
    byIdentities: (identities: readonly Identity[]) =>
      ofSeen(identities, ({ selector }) => maySee(principal, selector), collection.byIdentities),
    reload: async (identity: Identity) => (maySee(principal, identity.selector) ? collection.reload(identity) : null),
  }
}

/** Looks up what a principal may see. The rest is null, in its place. */
async function ofSeen<Key, Result>(
  keys: readonly Key[],
  isSeen: (key: Key) => boolean,
  load: (keys: readonly Key[]) => Promise<readonly (Result | null | Error)[]>,
): Promise<(Result | null | Error)[]> {
  const seen = keys.filter(isSeen)
  const found = seen.length === 0 ? [] : await load(seen)
  const results = new Map(seen.map((key, index) => [key, found[index] ?? null]))
  return keys.map((key) => results.get(key) ?? null)
}

/** Defence in depth: field rules already reject these lists. */
async function forbidden(): Promise<never> {
  throw new Forbidden('A list over all selectors', ['sipis:read'])
}
