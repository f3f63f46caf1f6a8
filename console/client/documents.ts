/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from 'urql';
/** What calls are counted by. */
export type CallDimension =
  /** Apps that have a push token of the selector now. A call counts once for each of them, so the sum may exceed `totalCount`. */
  | 'APP'
  /** Domain of the caller, in lower case. */
  | 'CALLER_DOMAIN'
  /** Days in `timeZone`. A day without calls has the count 0. */
  | 'DAY'
  /** Hours. An hour without calls has the count 0. */
  | 'HOUR'
  /** Why they were missed. On schema v1, which records no reasons, all are one group. */
  | 'REASON'
  | '%future added value';

/** Conditions that calls must all meet. An omitted or null condition matches every call. */
export type CallFilter = {
  /** Call-ID; exact match, case-sensitive. An empty text matches calls without one. Over all selectors only with `since` and `until` at most 24 hours apart, else BAD_USER_INPUT, because no index finds a Call-ID. */
  callId?: string | null | undefined;
  /** Called from an address that meets these conditions. */
  caller?: SipAddressFilter | null | undefined;
  /** Missed for one of these reasons. An empty list matches no call; null matches every call. On schema v1, which does not record reasons, any list matches no call. */
  missedReasons?: Array<MissedReason> | null | undefined;
  /** Arrived at or after this time. */
  since?: string | null | undefined;
  /** Arrived before this time. */
  until?: string | null | undefined;
};

/** Kinds of events. Values may be added. */
export type EventKind =
  /** Missed and pending calls. */
  | 'CALL'
  /** Text messages. */
  | 'MESSAGE'
  /** Push tests. */
  | 'PUSH_TEST'
  | '%future added value';

/** Why a call was missed. Values may be added: treat a value that your client does not know as UNKNOWN. */
export type MissedReason =
  /** Another device answered the call. */
  | 'ANSWERED_ELSEWHERE'
  /** The call was not answered. */
  | 'MISSED'
  /** Do Not Disturb rejected the call. */
  | 'REJECTED_BY_DND'
  /** SIPIS recorded a reason that this gateway does not know. */
  | 'UNKNOWN'
  | '%future added value';

/** What push tests are counted by. */
export type PushTestDimension =
  /** Apps that have a push token of the selector now. A push test counts once for each of them. */
  | 'APP'
  /** Days in `timeZone`. A day without push tests has zeros. */
  | 'DAY'
  /** Hours. An hour without push tests has zeros. */
  | 'HOUR'
  /** Platform of the device, as stored by SIPIS. */
  | 'PLATFORM'
  | '%future added value';

/** Conditions that push tests must all meet. An omitted or null condition matches every push test. */
export type PushTestFilter = {
  /** true: only push tests that the device confirmed. false: only push tests without confirmation. null: both. */
  isConcluded?: boolean | null | undefined;
  /** Platform; exact match, case-sensitive, e.g. iOS. */
  platform?: string | null | undefined;
  /** Name of the selector; exact match, case-sensitive. On schema v2 it finds push tests of deleted selectors as well. */
  selectorName?: string | null | undefined;
  /** Started at or after this time. */
  since?: string | null | undefined;
  /** Started before this time. */
  until?: string | null | undefined;
};

/** Why the lists have to be read anew. Values may be added: treat a value that your client does not know like the others. */
export type ResetReason =
  /** Another database stands behind the gateway: restored, upgraded, promoted or moved. */
  | 'DATABASE_CHANGED'
  /** The token is older than 30 days, or than a billion transactions, or its key is no longer used. */
  | 'EXPIRED'
  /** More has changed than a page, or what a token remembers, can hold. */
  | 'TOO_MUCH'
  | '%future added value';

/** Version of the SIPIS database schema, detected from its tables and columns. Values may be added: treat a value that your client does not know as a newer version. */
export type SchemaVersion =
  /** SIPIS until 3.59. */
  | 'V1'
  /** SIPIS since 4.0. */
  | 'V2'
  | '%future added value';

/** A setting of the SIP account. */
export type SettingFilter = {
  /** Name of the setting, one that the operator allows. Any other name is BAD_USER_INPUT. */
  name: string;
  /** Value as stored; exact match, case-sensitive. */
  value: string;
};

/** Conditions that an address must all meet. An omitted or null condition matches every address. An empty text matches addresses without that part. */
export type SipAddressFilter = {
  /** Host part, complete, in upper or lower case, e.g. sip.example.com. */
  domain?: string | null | undefined;
  /** User part; exact match, case-sensitive, e.g. +420601234567. */
  username?: string | null | undefined;
  /** End of the user part, case-sensitive: finds a number with or without its prefix, e.g. 601234567. An empty text matches every address. */
  usernameEndsWith?: string | null | undefined;
};

/** Conditions that push tokens must all meet. An omitted or null condition matches every token. */
export type TokenFilter = {
  /** App identifier; exact match, e.g. com.example.phone.voip. */
  appId?: string | null | undefined;
  /** The `fingerprint`, 16 hexadecimal digits in upper or lower case, or all 64 digits of the SHA-256 of the token. Anything else is BAD_USER_INPUT. */
  fingerprint?: string | null | undefined;
  /** Last reported before this time: stale tokens. Tokens without a recorded time do not match. */
  lastSeenUntil?: string | null | undefined;
  /** true: only tokens without a recorded `lastSeen`. false: only tokens with one. null: both. */
  neverSeen?: boolean | null | undefined;
};

export type SearchBySettingsQueryVariables = Exact<{
  settings: Array<SettingFilter> | SettingFilter;
}>;


export type SearchBySettingsQuery = { selectors: { nodes: Array<{ id: string, name: string, lastSeen: string | null, tokens: { nodes: Array<{ id: string, appId: string }> } | null }>, pageInfo: { hasNextPage: boolean } } | null };

export type OtherInstallationsQueryVariables = Exact<{
  name: string;
}>;


export type OtherInstallationsQuery = { selector: { id: string, installations: { nodes: Array<{ id: string, name: string, lastSeen: string | null, tokens: { nodes: Array<{ id: string, appId: string }> } | null }>, pageInfo: { hasNextPage: boolean } } | null } | null };

export type SelectorServerQueryVariables = Exact<{
  name: string;
}>;


export type SelectorServerQuery = { selector: { id: string, server: string | null } | null };

export type CallsQueryVariables = Exact<{
  filter?: CallFilter | null | undefined;
  first?: number;
  after?: string | null | undefined;
}>;


export type CallsQuery = { calls: { nodes: Array<{ id: string, time: string, callId: string | null, missedReason: MissedReason | null, missedReasonText: string | null, caller: { displayName: string | null, uri: string | null }, selector: { id: string, name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type PushTestsQueryVariables = Exact<{
  filter?: PushTestFilter | null | undefined;
  first?: number;
  after?: string | null | undefined;
}>;


export type PushTestsQuery = { pushTests: { nodes: Array<{ id: string, time: string, concluded: string | null, latencyMs: number | null, platform: string, selectorName: string | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type TokensQueryVariables = Exact<{
  filter?: TokenFilter | null | undefined;
  first?: number;
  after?: string | null | undefined;
}>;


export type TokensQuery = { tokens: { nodes: Array<{ id: string, appId: string, fingerprint: string, lastSeen: string | null, selector: { id: string, name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type OverviewCallsQueryVariables = Exact<{
  since: string;
  until: string;
  by: Array<CallDimension> | CallDimension;
  timeZone: string;
}>;


export type OverviewCallsQuery = { callStats: { asOf: string, totalCount: number, rows: Array<{ time: string | null, reason: MissedReason | null, count: number }> } | null };

export type OverviewPushesQueryVariables = Exact<{
  since: string;
  until: string;
  by: Array<PushTestDimension> | PushTestDimension;
  timeZone: string;
}>;


export type OverviewPushesQuery = { pushTestStats: { asOf: string, rows: Array<{ time: string | null, platform: string | null, sent: number, pending: number, concludedInTime: number, successRate: number | null }> } | null };

export type OverviewPlatformsQueryVariables = Exact<{
  since: string;
  until: string;
}>;


export type OverviewPlatformsQuery = { pushTestStats: { rows: Array<{ platform: string | null, sent: number, pending: number, unanswered: number, successRate: number | null, latencyMs: { p50: number, p95: number } | null }> } | null };

export type OverviewTokensQueryVariables = Exact<{
  olderThan: Array<string> | string;
}>;


export type OverviewTokensQuery = { tokenStats: { asOf: string, rows: Array<{ appId: string, count: number, neverSeen: number, older: Array<number> }> } | null };

export type OverviewFreshnessQueryVariables = Exact<{ [key: string]: never; }>;


export type OverviewFreshnessQuery = { selectors: { nodes: Array<{ id: string, lastSeen: string | null }> } | null, calls: { nodes: Array<{ id: string, time: string }> } | null, pushTests: { nodes: Array<{ id: string, time: string }> } | null, database: { schemaVersion: SchemaVersion, serverVersion: string } | null };

export type OverviewServersQueryVariables = Exact<{ [key: string]: never; }>;


export type OverviewServersQuery = { servers: { asOf: string, nodes: Array<{ name: string, instances: number | null, newestSeen: string | null, process: { problem: string | null, version: string | null, uptimeSeconds: number | null, queueLength: number | null, registered: number | null, unauthorized: number | null, inError: number | null } | null }> } | null };

export type OverviewCallersQueryVariables = Exact<{
  since: string;
  until: string;
}>;


export type OverviewCallersQuery = { topCallers: { nodes: Array<{ count: number, selectors: number, lastTime: string, caller: { displayName: string | null, uri: string | null, username: string | null, domain: string | null } }> } | null };

export type SearchBySuffixQueryVariables = Exact<{
  suffix: string;
}>;


export type SearchBySuffixQuery = { selectors: { nodes: Array<{ id: string, name: string, lastSeen: string | null, tokens: { nodes: Array<{ id: string, appId: string }> } | null }>, pageInfo: { hasNextPage: boolean } } | null };

export type SearchByPrefixQueryVariables = Exact<{
  prefix: string;
}>;


export type SearchByPrefixQuery = { selectors: { nodes: Array<{ id: string, name: string, lastSeen: string | null, tokens: { nodes: Array<{ id: string, appId: string }> } | null }>, pageInfo: { hasNextPage: boolean } } | null };

export type SearchByCallerQueryVariables = Exact<{
  caller: SipAddressFilter;
  since: string;
}>;


export type SearchByCallerQuery = { calls: { nodes: Array<{ id: string, time: string, missedReason: MissedReason | null, caller: { displayName: string | null, uri: string | null }, selector: { id: string, name: string } | null }>, pageInfo: { hasNextPage: boolean } } | null };

export type SearchByCallIdQueryVariables = Exact<{
  callId: string;
  since: string;
  until: string;
}>;


export type SearchByCallIdQuery = { calls: { nodes: Array<{ id: string, time: string, missedReason: MissedReason | null, caller: { displayName: string | null, uri: string | null }, selector: { id: string, name: string } | null }>, pageInfo: { hasNextPage: boolean } } | null };

export type SearchByFingerprintQueryVariables = Exact<{
  fingerprint: string;
}>;


export type SearchByFingerprintQuery = { tokens: { nodes: Array<{ id: string, appId: string, fingerprint: string, lastSeen: string | null, selector: { id: string, name: string } | null }>, pageInfo: { hasNextPage: boolean } } | null };

export type SelectorFactsQueryVariables = Exact<{
  name: string;
  since: string;
  until: string;
}>;


export type SelectorFactsQuery = { selector: { id: string, name: string, lastSeen: string | null, tokens: { nodes: Array<{ id: string, appId: string, fingerprint: string, lastSeen: string | null }> } | null, pushTests: { nodes: Array<{ id: string, started: string, concluded: string | null, latencyMs: number | null, platform: string }> } | null, callStats: { totalCount: number, rows: Array<{ reason: MissedReason | null, count: number }> } | null } | null };

export type SelectorSettingsQueryVariables = Exact<{
  name: string;
}>;


export type SelectorSettingsQuery = { selector: { id: string, settings: Array<{ name: string, value: string | null }> | null } | null };

export type RevealTokenQueryVariables = Exact<{
  id: string;
}>;


export type RevealTokenQuery = { node:
    | { id: string, token: string | null }
    | Record<PropertyKey, never>
   | null };

export type TimelineQueryVariables = Exact<{
  name: string;
  kinds?: Array<EventKind> | EventKind | null | undefined;
  after?: string | null | undefined;
}>;


export type TimelineQuery = { selector: { id: string, timeline: { nodes: Array<
        | { __typename: 'Call', callId: string | null, missedReason: MissedReason | null, missedReasonText: string | null, id: string, time: string, caller: { displayName: string | null, uri: string | null, username: string | null, domain: string | null } }
        | { __typename: 'Message', contentType: string | null, id: string, time: string, sender: { displayName: string | null, uri: string | null } }
        | { __typename: 'PushTest', concluded: string | null, latencyMs: number | null, platform: string, id: string, time: string }
      >, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null } | null };

export type SelectorChangesSubscriptionVariables = Exact<{
  selector: string;
  since?: string | null | undefined;
}>;


export type SelectorChangesSubscription = { changes: { token: string, reset: ResetReason | null, gone: Array<string>, events: Array<
      | { id: string }
      | { id: string }
      | { id: string }
    > } };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { name: string, scopes: Array<string> } };


export const SearchBySettingsDocument = { kind: "Document", documentId: "sha256:dc58636c35dd29c5009a2d2dc7115af1398ca78077eacf78c3f5417f3c52fc58", definitions: [] } as unknown as DocumentNode<SearchBySettingsQuery, SearchBySettingsQueryVariables>;
export const OtherInstallationsDocument = { kind: "Document", documentId: "sha256:b774522bb5b2cb7daccedb4add065cb1d0cc44fb514ac96c83b16f190b81c93d", definitions: [] } as unknown as DocumentNode<OtherInstallationsQuery, OtherInstallationsQueryVariables>;
export const SelectorServerDocument = { kind: "Document", documentId: "sha256:7352566042033c2e75c3391abab71c43d81887778c997c41b51af080b17b9e8f", definitions: [] } as unknown as DocumentNode<SelectorServerQuery, SelectorServerQueryVariables>;
export const CallsDocument = { kind: "Document", documentId: "sha256:bcd16d4508f4c7b6cc8346775210568df4a303b11df542b69e10027f3ef9c815", definitions: [] } as unknown as DocumentNode<CallsQuery, CallsQueryVariables>;
export const PushTestsDocument = { kind: "Document", documentId: "sha256:9f1e3912de02e0f528e18a97129742e0d953e0a7fb726b5f45276bb6daec5cad", definitions: [] } as unknown as DocumentNode<PushTestsQuery, PushTestsQueryVariables>;
export const TokensDocument = { kind: "Document", documentId: "sha256:31b136a8e7ab9e165246c25e2e65ee714f2feef064f5bb8da1398f8dc4a77114", definitions: [] } as unknown as DocumentNode<TokensQuery, TokensQueryVariables>;
export const OverviewCallsDocument = { kind: "Document", documentId: "sha256:105d63998ea3e059e2d4dc500c0bb32714af42f5d135a016727036a7d20609ed", definitions: [] } as unknown as DocumentNode<OverviewCallsQuery, OverviewCallsQueryVariables>;
export const OverviewPushesDocument = { kind: "Document", documentId: "sha256:5ee0ff49261391be76f5c247996563970066af54c38c774367d7c4c1503168f7", definitions: [] } as unknown as DocumentNode<OverviewPushesQuery, OverviewPushesQueryVariables>;
export const OverviewPlatformsDocument = { kind: "Document", documentId: "sha256:1099bdc3a08991846608583882fddd7b7da91f7ac349b8748aed04f88723be67", definitions: [] } as unknown as DocumentNode<OverviewPlatformsQuery, OverviewPlatformsQueryVariables>;
export const OverviewTokensDocument = { kind: "Document", documentId: "sha256:60a6740ef31b10b4d3ef15fdec63763d49cb6fcc425929a68751bb3ab7fd30d1", definitions: [] } as unknown as DocumentNode<OverviewTokensQuery, OverviewTokensQueryVariables>;
export const OverviewFreshnessDocument = { kind: "Document", documentId: "sha256:c02de332ba1330b5316d77f708383016cce1e192df9935202077d76066ba03e6", definitions: [] } as unknown as DocumentNode<OverviewFreshnessQuery, OverviewFreshnessQueryVariables>;
export const OverviewServersDocument = { kind: "Document", documentId: "sha256:333e94ce13bdf3224fc2aac354272650274d1b64a1a1e0d582c34d0ea812df64", definitions: [] } as unknown as DocumentNode<OverviewServersQuery, OverviewServersQueryVariables>;
export const OverviewCallersDocument = { kind: "Document", documentId: "sha256:20bd3977aad7f4903c01124df68fb85ea4e7d319a377b5104f3b36fc08cbb3a3", definitions: [] } as unknown as DocumentNode<OverviewCallersQuery, OverviewCallersQueryVariables>;
export const SearchBySuffixDocument = { kind: "Document", documentId: "sha256:b028c186b3f7b93daccf6d65058728d13a38369b654501803a7cef47fc57c0e7", definitions: [] } as unknown as DocumentNode<SearchBySuffixQuery, SearchBySuffixQueryVariables>;
export const SearchByPrefixDocument = { kind: "Document", documentId: "sha256:e8f5761701140c9701879d9907eedf8bdb642c85aa828b059156da579f65c7eb", definitions: [] } as unknown as DocumentNode<SearchByPrefixQuery, SearchByPrefixQueryVariables>;
export const SearchByCallerDocument = { kind: "Document", documentId: "sha256:281de072334405d2ff923ad2fdbebf4149cbb59c0e301d077dce91e101a05a06", definitions: [] } as unknown as DocumentNode<SearchByCallerQuery, SearchByCallerQueryVariables>;
export const SearchByCallIdDocument = { kind: "Document", documentId: "sha256:612f95ca9b1aa6fc9289ef35d04c1ac22e760c8ba001023293c4fd0fad9897e1", definitions: [] } as unknown as DocumentNode<SearchByCallIdQuery, SearchByCallIdQueryVariables>;
export const SearchByFingerprintDocument = { kind: "Document", documentId: "sha256:649ad2c5b6f815dfc97e7a82d854c5db647790c5fa3da7ea2f7a6cdcd15ca904", definitions: [] } as unknown as DocumentNode<SearchByFingerprintQuery, SearchByFingerprintQueryVariables>;
export const SelectorFactsDocument = { kind: "Document", documentId: "sha256:4c4bd4c33d25dbb6401d7bbe29d7bdda60e905444d71121251723bea7b1b1b52", definitions: [] } as unknown as DocumentNode<SelectorFactsQuery, SelectorFactsQueryVariables>;
export const SelectorSettingsDocument = { kind: "Document", documentId: "sha256:3bb2a9656aec3757b7dd3c10983f6427d3e8cb117b9ac6ab5f6c11eb056b17ee", definitions: [] } as unknown as DocumentNode<SelectorSettingsQuery, SelectorSettingsQueryVariables>;
export const RevealTokenDocument = { kind: "Document", documentId: "sha256:470c8d785b9818f658b820c50bd22ed5c63f76293183a2f7f5e14a99fba4229d", definitions: [] } as unknown as DocumentNode<RevealTokenQuery, RevealTokenQueryVariables>;
export const TimelineDocument = { kind: "Document", documentId: "sha256:7054959dc3548814e9a7a72f4a46698760b496186d1b883a0d07d245d5ea144f", definitions: [] } as unknown as DocumentNode<TimelineQuery, TimelineQueryVariables>;
export const SelectorChangesDocument = { kind: "Document", documentId: "sha256:b271120a7f35ed6af18ad0bca7b8a5378f202ea9648300127c949b83f50e83b8", definitions: [] } as unknown as DocumentNode<SelectorChangesSubscription, SelectorChangesSubscriptionVariables>;
export const ViewerDocument = { kind: "Document", documentId: "sha256:956b16930d053efd6dbf7696412aeb7e1ab06d93c7f9aaaf36423c58ac7ea5d0", definitions: [] } as unknown as DocumentNode<ViewerQuery, ViewerQueryVariables>;