/**
 * Events of the gateway, for the log, the metrics and other listeners. Emitters do not know the listeners. Types only, so that
 * every folder can import this file.
 */
export type Observe = (observation: Observation) => void

export type Observation =
  | SchemaObservation
  | DatabaseObservation
  | FileObservation
  | RateStoreObservation
  | AnswerObservation
  | RequestEnded
  | AdmissionChanged
  | ReplicaChanged
  | StreamsChanged
  | SocketsChanged
  | SipisObservation
  | OperationFailed
  | RequestFailed
  | ResponseFailed
  | CredentialRefused
  | CloseTimedOut
  | Warning
  | UnhandledRejection

/** What the lanes of a standby begin with. */
export const replicaPrefix = 'replica '

/** The observations of one kind. */
export type ObservationOf<Kind extends Observation['kind']> = Extract<Observation, { readonly kind: Kind }>

type DatabaseObservation =
  /** A statement has succeeded or failed. */
  | {
      readonly kind: 'statementEnded'
      /** Name of the lane, or `pool`; behind `replica ` if a standby has run it. */
      readonly lane: string
      /** SQLSTATE or code of the operating system; undefined if the statement succeeded. */
      readonly failure: string | undefined
      readonly rows: number
      /** From the call to the outcome, including waiting. */
      readonly durationMs: number
    }
  | { readonly kind: 'connectionOpened'; readonly lane: string }
  | { readonly kind: 'connectionFailed'; readonly lane: string; readonly code: string; readonly message: string }
  /** An open connection has ended or is replaced. */
  | { readonly kind: 'connectionLost'; readonly lane: string; readonly code: string }
  | { readonly kind: 'statementResent'; readonly lane: string }
  | { readonly kind: 'cancelSent'; readonly lane: string }
  /** A statement is sent. `waitedMs` is counted from its call. */
  | { readonly kind: 'statementSent'; readonly lane: string; readonly waitedMs: number }
  /** `connections` includes those in use; `waiting` counts statements. */
  | { readonly kind: 'poolChanged'; readonly connections: number; readonly inUse: number; readonly waiting: number }
  /** Statements that take turns before they reach the pool or a lane. */
  | { readonly kind: 'turnsChanged'; readonly share: string; readonly running: number; readonly waiting: number }

type SchemaObservation =
  /** The database has another schema version or other tables, which are served from now on. */
  | { readonly kind: 'schemaChanged'; readonly from: string; readonly to: string }
  /** A table, column or privilege that the gateway needs is missing. */
  | { readonly kind: 'schemaUnreadable'; readonly message: string }
  | { readonly kind: 'schemaReadable' }

/** `log` is standard error, which also carries the audit log if AUDIT_LOG names no file. */
export type FileName = 'audit' | 'access' | 'log'

export type FileObservation =
  /** A file cannot be written; its lines wait in memory. */
  | { readonly kind: 'fileFailed'; readonly file: FileName; readonly code: string; readonly waiting: number }
  /** The memory limit is reached; lines are dropped from now on. */
  | { readonly kind: 'linesDropped'; readonly file: FileName; readonly code: string | undefined; readonly lost: number }
  | { readonly kind: 'fileRecovered'; readonly file: FileName; readonly lost: number }
  | { readonly kind: 'fileEndLost'; readonly file: FileName; readonly code: string | undefined; readonly lost: number }

type RateStoreObservation =
  /** The shared rate store does not answer; this gateway counts alone. */
  | { readonly kind: 'rateStoreLost'; readonly code: string; readonly message: string }
  | { readonly kind: 'rateStoreBack' }

type AnswerObservation =
  /** The number of bytes that clients have not read yet has changed. */
  | { readonly kind: 'unsentBytes'; readonly total: number }
  /** A connection was closed because its client did not read a response. */
  | { readonly kind: 'writeStalled' }

/** A response was sent, or the caller disconnected first. Does not identify a selector or a caller. */
export interface RequestEnded {
  readonly kind: 'requestEnded'
  readonly requestId: string
  readonly route: Route
  /** Undefined if the caller disconnected before the response. */
  readonly status: number | undefined
  /** Error codes of the response, each once. */
  readonly codes: readonly string[]
  /** Settings of the limits that the request exceeded. */
  readonly limits: readonly string[]
  readonly durationMs: number
  /** Counted towards RATE_LIMIT_COST, whether that is set or not. */
  readonly cost: number
  readonly rows: number
  /** Size of the response body. */
  readonly bytes: number
  /** Name of the operation. */
  readonly operation: string | undefined
  /** Hash of the document. */
  readonly document: string | undefined
}

/** `stream`: a subscription; `probe`: an endpoint for load balancers; `other`: any path that is not an endpoint. */
export type Route = 'graphql' | 'stream' | 'probe' | 'metrics' | 'other'

/** A standby is read from now on, or is passed over because of a problem. */
interface ReplicaChanged {
  readonly kind: 'replicaChanged'
  readonly standby: string
  readonly problem: string | undefined
  /** How many standbys are read now. */
  readonly usable: number
}

/** The number of open subscriptions has changed. */
interface StreamsChanged {
  readonly kind: 'streamsChanged'
  readonly open: number
}

/** The number of open WebSockets has changed. */
interface SocketsChanged {
  readonly kind: 'socketsChanged'
  readonly open: number
}

/** Operations that run and that wait for their turn. */
interface AdmissionChanged {
  readonly kind: 'admissionChanged'
  readonly running: number
  readonly waiting: number
}

/** Counts of rows in SIPIS's tables, up to a limit. Undefined if they could not be counted. */
type SipisObservation =
  | { readonly kind: 'selectorsCounted'; readonly seen: number | undefined }
  /** Undefined if the database is no archive. */
  | { readonly kind: 'archiveLooked'; readonly lagSeconds: number | undefined }
  | { readonly kind: 'processesAsked'; readonly processes: readonly ProcessSummary[] }
  | { readonly kind: 'callsCounted'; readonly counts: readonly CallCount[] | undefined }
  | { readonly kind: 'pushTestsCounted'; readonly counts: readonly PushTestCount[] | undefined }

/** What a SIPIS process says; numbers are null where it does not. */
export interface ProcessSummary {
  /** Its name, or its address if it did not say it. */
  readonly process: string
  readonly answers: boolean
  readonly instances: Readonly<Record<string, number | null>>
  readonly queueLength: number | null
  readonly uptimeSeconds: number | null
}

export interface CallCount {
  /** One of few values: `other` for an unknown reason, `none` if the database does not record reasons. */
  readonly reason: string
  readonly count: number
}

export interface PushTestCount {
  /** One of few values: `other` for an unknown platform. */
  readonly platform: string
  readonly isConcluded: boolean
  readonly count: number
}

/** Fields of an operation failed, and not because of the caller. One observation per error code. */
export interface OperationFailed {
  readonly kind: 'operationFailed'
  readonly code: string
  readonly requestId?: string | undefined
  /** Path of the first field that failed. */
  readonly path: string
  /** Number of fields that failed with this code. */
  readonly fields: number
  readonly cause: string
  readonly sqlstate?: string
  readonly stack?: string | undefined
}

/** A request failed with 500, because of a bug. */
interface RequestFailed {
  readonly kind: 'requestFailed'
  readonly requestId?: string | undefined
  readonly error: unknown
}

/** A response could not be sent completely. */
interface ResponseFailed {
  readonly kind: 'responseFailed'
  readonly error: unknown
}

interface CredentialRefused {
  readonly kind: 'credentialRefused'
  /** Never contains the credential. */
  readonly reason: string
}

/** A part did not close in time while the gateway stopped. The process ends without waiting for it. */
interface CloseTimedOut {
  readonly kind: 'closeTimedOut'
  readonly part: string
}

/** Something that the operator should know or change. */
interface Warning {
  readonly kind: 'warning'
  /** A sentence without secrets. */
  readonly message: string
  readonly cause?: string
}

/** A promise rejection that no code handled: a bug. */
interface UnhandledRejection {
  readonly kind: 'unhandledRejection'
  readonly error: unknown
}

export const ignore: Observe = () => undefined
