import type { Collection } from './collection.ts'
import type { Loaders } from './loaders.ts'
import type { Identity, RowQuery } from './query.ts'
import type { SelectorFilter } from './selector-filters.ts'
import type { Usage } from './usage.ts'

/**
 * Wraps loaders to record for the audit log every selector that the caller names, found or not. Lists each loader, so that a new
 * loader does not compile until it is added here.
 */
export function recordNamedSelectors(loaders: Loaders, { selectors: named }: Usage): Loaders {
  const record = (...names: readonly (string | null | undefined)[]) => {
    for (const name of names) if (name != null && name !== '') named.add(name)
  }
  const recordFilter = ({ prefix, suffix, installationsOf }: SelectorFilter) => record(prefix, suffix, installationsOf)
  const collection = <Row, Orphan extends null>(loader: Collection<Row, Orphan>) => recordingIdentities(loader, record)
  const recordCondition = ({ conditions }: RowQuery) => {
    for (const { values } of conditions) if (typeof values['selectorName'] === 'string') record(values['selectorName'])
  }
  const pushTests = collection(loaders.pushTests)
  const {
    projection,
    selectors,
    orphanPushTests,
    messageContents,
    settings,
    pushHealth,
    callCounts,
    timeline,
    installations,
    servers,
    changes,
    rowVersions,
  } = loaders
  return {
    projection,
    selectors: {
      byName(selector) {
        record(selector)
        return selectors.byName(selector)
      },
      byNames(names) {
        record(...names)
        return selectors.byNames(names)
      },
      page(filter, window) {
        recordFilter(filter)
        return selectors.page(filter, window)
      },
      count(filter, range) {
        recordFilter(filter)
        return selectors.count(filter, range)
      },
    },
    tokens: collection(loaders.tokens),
    calls: collection(loaders.calls),
    messages: collection(loaders.messages),
    pushTests: {
      ...pushTests,
      page(query) {
        recordCondition(query)
        return pushTests.page(query)
      },
      count(query) {
        recordCondition(query)
        return pushTests.count(query)
      },
    },
    // Orphans have no selector; the others read for an object that was already returned.
    orphanPushTests,
    messageContents,
    timeline,
    settings,
    pushHealth,
    callCounts,
    installations,
    servers,
    changes,
    rowVersions,
  }
}

function recordingIdentities<Row, Orphan extends null>(
  loader: Collection<Row, Orphan>,
  record: (name: string) => void,
): Collection<Row, Orphan> {
  const recorded =
    <Result>(load: (identity: Identity) => Promise<Result>) =>
    (identity: Identity) => {
      record(identity.selector)
      return load(identity)
    }
  return {
    ...loader,
    byIdentity: recorded(loader.byIdentity),
    reload: recorded(loader.reload),
    byIdentities(identities) {
      for (const { selector } of identities) record(selector)
      return loader.byIdentities(identities)
    },
  }
}
