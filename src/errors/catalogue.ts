/** The error codes of the API, and what errors say beside them. The tables in docs/api.md are printed from it. */

interface CatalogueEntry {
  /**
   * HTTP statuses of a request that is refused as a whole with this code. Errors of an operation come in a GraphQL response
   * instead, whose status does not depend on the code, except that nothing but UNAVAILABLE is 503.
   */
  readonly statuses: readonly number[]
  /** The side that has to change something. Errors of the server are logged. */
  readonly fault: 'client' | 'server'
  readonly meaning: string
  /** What a client should do. */
  readonly action: string
  /** Whether the same request may succeed when it is sent again. */
  readonly retry: 'no' | 'after a few seconds' | 'after `Retry-After`'
}

export const errorCatalogue = {
  BAD_USER_INPUT: {
    statuses: [400, 405, 406, 415],
    fault: 'client',
    meaning:
      'an argument, variable, cursor, id or header that cannot be used; `extensions.argument` is the path of the argument, if it is one',
    action: 'correct what the message names',
    retry: 'no',
  },
  GRAPHQL_PARSE_FAILED: {
    statuses: [],
    fault: 'client',
    meaning: 'the document is not GraphQL',
    action: 'correct the document',
    retry: 'no',
  },
  GRAPHQL_VALIDATION_FAILED: {
    statuses: [],
    fault: 'client',
    meaning: 'the document is not valid for this schema',
    action: 'compare the document with `schema.graphql`',
    retry: 'no',
  },
  UNAUTHENTICATED: {
    statuses: [401],
    fault: 'client',
    meaning: 'no credential, or one that is not accepted; `extensions.reason` says which',
    action: 'refresh a credential that has expired (`EXPIRED`), and log in anew otherwise',
    retry: 'no',
  },
  FORBIDDEN: {
    statuses: [403],
    fault: 'client',
    meaning:
      'the caller lacks a scope for this field or for introspection, or the gateway does not answer such requests',
    action:
      'read the message, which names the way that is allowed; `extensions.requires` lists the scopes of which one would do',
    retry: 'no',
  },
  NOT_FOUND: {
    statuses: [404],
    fault: 'client',
    meaning: 'no such path; an unknown object is `null` instead',
    action: 'use `/graphql`',
    retry: 'no',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    statuses: [200, 404],
    fault: 'client',
    meaning: 'no trusted document has this id',
    action: 'send the query itself, if that is allowed',
    retry: 'no',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    statuses: [200, 404],
    fault: 'client',
    meaning: 'the gateway has no trusted documents, and stores no queries',
    action: 'send the query itself, and no more ids',
    retry: 'no',
  },
  DOCUMENT_NOT_TRUSTED: {
    statuses: [403],
    fault: 'client',
    meaning: 'the gateway executes trusted documents only (`TRUSTED_ONLY`), and this query is none',
    action: 'send the id of a trusted document, or have the operator add this one to the manifest',
    retry: 'no',
  },
  TOO_COSTLY: {
    statuses: [413],
    fault: 'client',
    meaning: 'the request exceeds a limit; `extensions.setting` names it',
    action: 'request less: fewer fields, smaller pages',
    retry: 'no',
  },
  RATE_LIMITED: {
    statuses: [429],
    fault: 'client',
    meaning:
      'the cost or requests of this minute are used up, too many operations of the caller run at once, or its answers are not read',
    action: 'wait',
    retry: 'after `Retry-After`',
  },
  TIMEOUT: {
    statuses: [],
    fault: 'server',
    meaning: 'the operation or one of its statements took too long',
    action: 'request less: a shorter period, a smaller page, no `totalCount`',
    retry: 'after a few seconds',
  },
  UNAVAILABLE: {
    statuses: [503],
    fault: 'server',
    meaning: 'the database or the keys that verify credentials cannot be read, or the gateway is overloaded',
    action: 'wait; with status 503 `Retry-After` says how long',
    retry: 'after a few seconds',
  },
  NOT_SUPPORTED: {
    statuses: [],
    fault: 'server',
    meaning: 'this field is not possible on this database, or the role of the gateway may not read what it needs',
    action: 'do without the field, or have the operator run `sipis-gateway check`, which says what is missing',
    retry: 'no',
  },
  INTERNAL: {
    statuses: [500],
    fault: 'server',
    meaning: 'an unexpected error of the gateway; its log has the cause',
    action: 'report it to the operator',
    retry: 'no',
  },
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof errorCatalogue

/** A status with which a request may be refused for this reason. */
export type StatusOf<Code extends ErrorCode> = (typeof errorCatalogue)[Code]['statuses'][number]

interface Extension {
  /** The codes of the errors that may have it; or what they have in common. */
  readonly with: readonly ErrorCode[] | 'faults of the server'
  readonly says: string
}

/** Extensions of an error beside its code. */
export const extensionCatalogue = {
  argument: {
    with: ['BAD_USER_INPUT'],
    says: 'the path of the argument at fault, e.g. `["filter", "since"]`, if it is one; also of a variable',
  },
  reason: {
    with: ['UNAUTHENTICATED'],
    says: '`EXPIRED` of a credential that was good until it expired; `INVALID` of another; `MISSING` without one',
  },
  requires: { with: ['FORBIDDEN'], says: 'the scopes of which one would do; absent where no scope helps' },
  retryAfterSeconds: {
    with: ['RATE_LIMITED', 'UNAVAILABLE'],
    says: 'when to try again; the header `Retry-After` says the same of a request that is refused as a whole',
  },
  setting: {
    with: ['TOO_COSTLY', 'RATE_LIMITED', 'UNAVAILABLE'],
    says: 'the setting of the limit that was exceeded',
  },
  limit: { with: ['TOO_COSTLY', 'RATE_LIMITED'], says: 'its value' },
  found: { with: ['TOO_COSTLY'], says: 'what the request has, where the limit is on what it contains' },
  cost: { with: ['TOO_COSTLY'], says: 'what the operation may cost, where that is too much' },
  omitted: { with: ['TOO_COSTLY'], says: 'the number of further errors, which are not listed' },
  requestId: { with: 'faults of the server', says: 'what the operator finds in the log' },
} as const satisfies Record<string, Extension>

export type ExtensionName = keyof typeof extensionCatalogue
