import type { SchemaVersion } from './schema-version.ts'

/** A look-up or the order of a list, and the index that serves it. */
export interface WantedIndex {
  readonly table: string
  /** Columns that are compared with a value, or one expression in parentheses. */
  readonly lookUp: readonly string[]
  /** Columns by which the rows are listed, in both directions. */
  readonly order: readonly string[]
  readonly purpose: string
}

export function columnsOf({ lookUp, order }: WantedIndex): string[] {
  return [...lookUp, ...order]
}

const suffix = '(substring(selector, 41))'

/** Missing ones are advice only, because SIPIS owns its database and may have other indexes than `init` creates. */
export const wantedIndexes: Readonly<Record<SchemaVersion, readonly WantedIndex[]>> = {
  V1: [
    finding('a selector', 'selectors', ['selector']),
    listing('selectors by lastSeen', 'selectors', ['lastseen', 'id']),
    finding('selectors by suffix', 'selectors', [suffix]),
    finding('the tokens of a selector', 'tokens', ['id']),
    finding('selectors by appId', 'tokens', ['appid']),
    listing('the tokens of all selectors', 'tokens', ['rowid']),
    listing('the calls of a selector', 'sipcalls', ['time', 'rowid'], ['id']),
    listing('the calls of all selectors', 'sipcalls', ['time', 'rowid']),
    listing('the messages of a selector', 'siptextmessages', ['time', 'rowid'], ['id']),
    listing('the messages of all selectors', 'siptextmessages', ['time', 'rowid']),
    finding('the push tests of a selector', 'pushtests', ['id']),
    listing('the push tests of all selectors', 'pushtests', ['started']),
  ],
  V2: [
    finding('a selector', 'selectors', ['selector']),
    listing('selectors by lastSeen', 'selectors', ['lastseen', 'id']),
    finding('selectors by suffix', 'selectors', [suffix]),
    listing('the tokens of a selector', 'tokens', ['rowid'], ['selector']),
    finding('selectors by appId', 'tokens', ['appid']),
    listing('the tokens of all selectors', 'tokens', ['rowid']),
    listing('the calls of a selector', 'sipcalls', ['time', 'rowid'], ['selector']),
    listing('the calls of all selectors', 'sipcalls', ['time', 'rowid']),
    listing('the messages of a selector', 'siptextmessages', ['time', 'rowid'], ['selector']),
    listing('the messages of all selectors', 'siptextmessages', ['time', 'rowid']),
    listing('the push tests of a selector', 'pushtests', ['started', 'rowid'], ['selector']),
    listing('the push tests of all selectors', 'pushtests', ['started', 'rowid']),
  ],
}

function finding(what: string, table: string, lookUp: readonly string[]): WantedIndex {
  return { table, lookUp, order: [], purpose: `finding ${what}` }
}

function listing(what: string, table: string, order: readonly string[], lookUp: readonly string[] = []): WantedIndex {
  return { table, lookUp, order, purpose: `listing ${what}` }
}
