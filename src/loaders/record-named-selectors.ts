import type { Collection } from './collection.ts'
import { lazily } from './lazily.ts'
import type { Loaders } from './loaders.ts'
import type { Identity, RowQuery } from './query.ts'
import type { SelectorFilter } from './selector-filters.ts'
import type { Selectors } from './selectors.ts'
import type { Usage } from './usage.ts'

/**
 * Wraps loaders to record for the audit log every selector that the caller names, found or not. Lists each loader, so that a new
 * loader does not compile until it is added here.
 */
export function recordNamedSelectors(loaders: Loaders, { selectors: named }: Usage): Loaders {
  const record: Note = (name) => {
    if (name != null && name !== '') named.add(name)
  }
  return recording({ loaders, record })
}

type Note = (name: string | null | undefined) => void

interface Recording {
  readonly loaders: Loaders
  readonly record: Note
}

const recording = lazily<Loaders, Recording>({
  projection: ({ loaders }) => loaders.projection,
  selectors: ({ loaders: { selectors }, record }) => recordingSelectors(selectors, record),
  tokens: ({ loaders, record }) => recordingIdentities(loaders.tokens, record),
  calls: ({ loaders, record }) => recordingIdentities(loaders.calls, record),
  messages: ({ loaders, record }) => recordingIdentities(loaders.messages, record),
  pushTests: ({ loaders, record }) => recordingConditions(recordingIdentities(loaders.pushTests, record), record),
  // Orphans have no selector; the others read for an object that was already returned.
  orphanPushTests: ({ loaders }) => loaders.orphanPushTests,
  messageContents: ({ loaders }) => loaders.messageContents,
  timeline: ({ loaders }) => loaders.timeline,
  settings: ({ loaders }) => loaders.settings,
  pushHealth: ({ loaders }) => loaders.pushHealth,
  callCounts: ({ loaders }) => loaders.callCounts,
  installations: ({ loaders }) => loaders.installations,
  servers: ({ loaders }) => loaders.servers,
  changes: ({ loaders }) => loaders.changes,
  rowVersions: ({ loaders }) => loaders.rowVersions,
})

function recordingSelectors(selectors: Selectors, record: Note): Selectors {
  const recordFilter = ({ prefix, suffix, installationsOf }: SelectorFilter) => {
    record(prefix)
    record(suffix)
    record(installationsOf)
  }
  return {
    byName(selector) {
      record(selector)
      return selectors.byName(selector)
    },
    byNames(names) {
      for (const name of names) record(name)
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
  }
}

function recordingConditions(loader: Loaders['pushTests'], record: Note): Loaders['pushTests'] {
  const recordCondition = ({ conditions }: RowQuery) => {
    for (const { values } of conditions) if (typeof values['selectorName'] === 'string') record(values['selectorName'])
  }
  return {
    ...loader,
    page(query) {
      recordCondition(query)
      return loader.page(query)
    },
    count(query) {
      recordCondition(query)
      return loader.count(query)
    },
  }
}

function recordingIdentities<Row, Orphan extends null>(
  loader: Collection<Row, Orphan>,
  record: Note,
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
