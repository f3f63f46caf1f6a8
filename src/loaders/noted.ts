import type { Collection, Identity } from './collection.ts'
import type { Loaders } from './loaders.ts'
import type { SelectorFilter } from './selectors.ts'
import type { Usage } from './usage.ts'

/** The readers, which note for the audit log the selectors that the caller names, whether anything is found or not. */
export function noted(loaders: Loaders, { selectors: named }: Usage): Loaders {
  const note = (...names: readonly (string | null | undefined)[]) => {
    for (const name of names) if (name != null && name !== '') named.add(name)
  }
  const ofFilter = ({ prefix, suffix }: SelectorFilter) => note(prefix, suffix)
  const collection = <Row, Orphan extends null>(readers: Collection<Row, Orphan>): Collection<Row, Orphan> => ({
    ...readers,
    byIdentity(identity: Identity) {
      note(identity.selector)
      return readers.byIdentity(identity)
    },
  })
  const { selectors } = loaders
  return {
    ...loaders,
    selectors: {
      byName(selector) {
        note(selector)
        return selectors.byName(selector)
      },
      page(filter, window) {
        ofFilter(filter)
        return selectors.page(filter, window)
      },
      count(filter) {
        ofFilter(filter)
        return selectors.count(filter)
      },
    },
    tokens: collection(loaders.tokens),
    calls: collection(loaders.calls),
    messages: collection(loaders.messages),
    pushTests: collection(loaders.pushTests),
  }
}
