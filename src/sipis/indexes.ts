import type { SchemaVersion } from './schema-version.ts'

/** An access path of the readers, and the index that serves it. */
export interface WantedIndex {
  readonly table: string
  /** Columns, or one expression in parentheses. */
  readonly columns: readonly string[]
  readonly purpose: string
}

const suffix = '(substring(selector, 41))'

/** Missing ones are advice only, because SIPIS owns its database and may have other indexes than `init` creates. */
export const wantedIndexes: Readonly<Record<SchemaVersion, readonly WantedIndex[]>> = {
  V1: [
    { table: 'selectors', columns: ['selector'], purpose: 'finding a selector' },
    { table: 'selectors', columns: ['lastseen', 'id'], purpose: 'listing selectors by lastSeen' },
    { table: 'selectors', columns: [suffix], purpose: 'finding selectors by suffix' },
    { table: 'tokens', columns: ['id'], purpose: 'the tokens of a selector' },
    { table: 'tokens', columns: ['appid'], purpose: 'finding selectors by appId' },
    { table: 'sipcalls', columns: ['id', 'time', 'rowid'], purpose: 'the newest calls of a selector' },
    { table: 'sipcalls', columns: ['time', 'rowid'], purpose: 'the newest calls of all selectors' },
    { table: 'siptextmessages', columns: ['id', 'time', 'rowid'], purpose: 'the newest messages of a selector' },
    { table: 'siptextmessages', columns: ['time', 'rowid'], purpose: 'the newest messages of all selectors' },
    { table: 'pushtests', columns: ['id'], purpose: 'the push tests of a selector' },
    { table: 'pushtests', columns: ['started'], purpose: 'the newest push tests of all selectors' },
  ],
  V2: [
    { table: 'selectors', columns: ['selector'], purpose: 'finding a selector' },
    { table: 'selectors', columns: ['lastseen', 'id'], purpose: 'listing selectors by lastSeen' },
    { table: 'selectors', columns: [suffix], purpose: 'finding selectors by suffix' },
    { table: 'tokens', columns: ['selector', 'rowid'], purpose: 'the tokens of a selector' },
    { table: 'tokens', columns: ['appid'], purpose: 'finding selectors by appId' },
    { table: 'sipcalls', columns: ['selector', 'time', 'rowid'], purpose: 'the newest calls of a selector' },
    { table: 'sipcalls', columns: ['time', 'rowid'], purpose: 'the newest calls of all selectors' },
    { table: 'siptextmessages', columns: ['selector', 'time', 'rowid'], purpose: 'the newest messages of a selector' },
    { table: 'siptextmessages', columns: ['time', 'rowid'], purpose: 'the newest messages of all selectors' },
    { table: 'pushtests', columns: ['selector', 'started', 'rowid'], purpose: 'the newest push tests of a selector' },
    { table: 'pushtests', columns: ['started', 'rowid'], purpose: 'the newest push tests of all selectors' },
  ],
}
