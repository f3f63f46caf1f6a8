/**
 * What happens in the gateway. Rooms emit observations and do not know who listens: the log (log.ts), and whatever else openService
 * is given. Types only, so that every room can import this file.
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
  | SipisObservation
  | OperationFailed
  | RequestFailed
  | ResponseFailed
  | CredentialRefused
  | CloseTimedOut
  | Warning
  | UnhandledRejection

/** The observations of a kind. */
export type Of<Kind extends Observation['kind']> = Extract<Observation, { readonly kind: Kind }>

type DatabaseObservation =
  /** A statement has its outcome. */
  | {
      readonly kind: 'statementEnded'
      /** Name of the lane, or `pool`. */
      readonly lane: string
      /** SQLSTATE or the operating system's code; undefined for a statement that gave its rows. */
      readonly failure: string | undefined
      readonly rows: number
      /** From the call to the outcome, waiting included. */
      readonly durationMs: number
    }
  | { readonly kind: 'connectionOpened'; readonly lane: string }
  | { readonly kind: 'connectionFailed'; readonly lane: string; readonly code: string; readonly message: string }
  /** A connection that was in use has ended, or is replaced. */
  | { readonly kind: 'connectionLost'; readonly lane: string; readonly code: string }
  | { readonly kind: 'statementResent'; readonly lane: string }
  | { readonly kind: 'cancelSent'; readonly lane: string }
  /** A statement got its connection. `waitedMs` from the call on. */
  | { readonly kind: 'statementSent'; readonly lane: string; readonly waitedMs: number }
  /** `connections` include those in use; `waiting` are statements. */
  | { readonly kind: 'poolChanged'; readonly connections: number; readonly inUse: number; readonly waiting: number }
  /** Statements that take turns before they reach the pool or a lane. */
  | { readonly kind: 'turnsChanged'; readonly share: string; readonly running: number; readonly waiting: number }

type SchemaObservation =
  /** Another schema version, or other tables, stand behind the address; they are served from now on. */
  | { readonly kind: 'schemaChanged'; readonly from: string; readonly to: string }
  /** A table, column or privilege that readers need is gone. */
  | { readonly kind: 'schemaUnreadable'; readonly message: string }
  | { readonly kind: 'schemaReadable' }

/** `log` is standard error, where the audit log goes as well unless it has a file. */
export type FileName = 'audit' | 'access' | 'log'

export type FileObservation =
  /** A file cannot be written: its lines wait in memory. */
  | { readonly kind: 'fileFailed'; readonly file: FileName; readonly code: string; readonly waiting: number }
  /** Memory is full: this line and those after it are dropped. */
  | { readonly kind: 'linesDropped'; readonly file: FileName; readonly code: string | undefined; readonly lost: number }
  | { readonly kind: 'fileRecovered'; readonly file: FileName; readonly lost: number }
  | { readonly kind: 'fileEndLost'; readonly file: FileName; readonly code: string | undefined; readonly lost: number }

type RateStoreObservation =
  /** The store that gateways share does not answer: this one counts alone. */
  | { readonly kind: 'rateStoreLost'; readonly code: string; readonly message: string }
  | { readonly kind: 'rateStoreBack' }

type AnswerObservation =
  /** The bytes of answers that are not read yet have changed. */
  | { readonly kind: 'unsentBytes'; readonly total: number }
  /** A connection was ended because its client did not read an answer. */
  | { readonly kind: 'writeStalled' }

/** A request was answered, or its caller disconnected before. Holds nothing that identifies a selector or a caller. */
export interface RequestEnded {
  readonly kind: 'requestEnded'
  readonly requestId: string
  readonly route: Route
  /** Undefined if the caller disconnected before the answer. */
  readonly status: number | undefined
  /** Error codes of the answer, each once. */
  readonly codes: readonly string[]
  /** Settings of the limits that the request exceeded. */
  readonly limits: readonly string[]
  readonly durationMs: number
  /** Counted towards RATE_LIMIT_COST, whether that is set or not. */
  readonly cost: number
  readonly rows: number
  /** Of the answer's body. */
  readonly bytes: number
  /** Name of the operation. */
  readonly operation: string | undefined
  /** Hash of the document. */
  readonly document: string | undefined
}

/** `probe` is an endpoint for load balancers, `other` everything that is no endpoint. */
export type Route = 'graphql' | 'probe' | 'metrics' | 'other'

/** Operations that run and that wait for their turn. */
interface AdmissionChanged {
  readonly kind: 'admissionChanged'
  readonly running: number
  readonly waiting: number
}

/** What is counted in SIPIS's tables, each with a bound. Undefined if it could not be counted. */
type SipisObservation =
  | { readonly kind: 'selectorsCounted'; readonly seen: number | undefined }
  | { readonly kind: 'callsCounted'; readonly counts: readonly CallCount[] | undefined }
  | { readonly kind: 'pushTestsCounted'; readonly counts: readonly PushTestCount[] | undefined }

export interface CallCount {
  /** One of few: an unknown reason is `other`, and `none` where the database records no reasons. */
  readonly reason: string
  readonly count: number
}

export interface PushTestCount {
  /** One of few: an unknown platform is `other`. */
  readonly platform: string
  readonly isConcluded: boolean
  readonly count: number
}

/** Fields of an operation failed for a reason that the caller did not cause. One observation per code. */
export interface OperationFailed {
  readonly kind: 'operationFailed'
  readonly code: string
  readonly requestId?: string | undefined
  /** Of the first field that failed. */
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

/** A response was not sent as a whole. */
interface ResponseFailed {
  readonly kind: 'responseFailed'
  readonly error: unknown
}

interface CredentialRefused {
  readonly kind: 'credentialRefused'
  /** Never holds the credential. */
  readonly reason: string
}

/** While stopping, a part did not close in time. The process ends without it. */
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

/** A promise failed and no code handled it: a bug. */
interface UnhandledRejection {
  readonly kind: 'unhandledRejection'
  readonly error: unknown
}

export const ignore: Observe = () => undefined
