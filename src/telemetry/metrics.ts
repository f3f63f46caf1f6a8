/** Counts and measures observations for Prometheus. */
import { errorCatalogue } from '../errors/catalogue.ts'
import type { MetricDescription } from './instruments.ts'
import { Instruments } from './instruments.ts'
import type { CallCount, Observation, Observe, PushTestCount, RequestEnded } from './observation.ts'

export interface Metrics {
  readonly observe: Observe
  /** What there is, for the documents; without the metrics of the process. */
  readonly descriptions: readonly MetricDescription[]
  /** All metrics in Prometheus' text format. */
  print(): Promise<string>
}

export function createMetrics(): Metrics {
  const instruments = new Instruments()
  const listeners: Listeners = {
    ...requestMetrics(instruments),
    ...statementMetrics(instruments),
    ...connectionMetrics(instruments),
    ...stateMetrics(instruments),
    ...failureMetrics(instruments),
    ...sipisMetrics(instruments),
  }
  instruments.measureProcess()
  return {
    observe: (observation) => listen(listeners, observation),
    descriptions: instruments.descriptions,
    print: () => instruments.print(),
  }
}

type Of<Kind extends Observation['kind']> = Extract<Observation, { kind: Kind }>

type Listeners = ReturnType<typeof requestMetrics> &
  ReturnType<typeof statementMetrics> &
  ReturnType<typeof connectionMetrics> &
  ReturnType<typeof stateMetrics> &
  ReturnType<typeof failureMetrics> &
  ReturnType<typeof sipisMetrics>

/** A new kind of observation does not compile until it is listed here. */
function listen(listeners: Listeners, observation: Observation): unknown {
  switch (observation.kind) {
    case 'requestEnded':
      return listeners.requestEnded(observation)
    case 'statementSent':
      return listeners.statementSent(observation)
    case 'statementEnded':
      return listeners.statementEnded(observation)
    case 'statementResent':
      return listeners.statementResent(observation)
    case 'cancelSent':
      return listeners.cancelSent(observation)
    case 'connectionOpened':
    case 'connectionLost':
    case 'connectionFailed':
      return listeners.connection(observation)
    case 'poolChanged':
      return listeners.poolChanged(observation)
    case 'admissionChanged':
      return listeners.admissionChanged(observation)
    case 'turnsChanged':
      return listeners.turnsChanged(observation)
    case 'credentialRefused':
      return listeners.credentialRefused()
    case 'operationFailed':
      return listeners.operationFailed(observation)
    case 'requestFailed':
    case 'responseFailed':
    case 'unhandledRejection':
      return listeners.bug(observation)
    case 'fileFailed':
    case 'linesDropped':
    case 'fileRecovered':
    case 'fileEndLost':
      return listeners.file(observation)
    case 'rateStoreLost':
    case 'rateStoreBack':
      return listeners.rateStore(observation)
    case 'schemaUnreadable':
    case 'schemaReadable':
      return listeners.schema(observation)
    case 'unsentBytes':
      return listeners.unsentBytes(observation)
    case 'writeStalled':
      return listeners.writeStalled()
    // Logged only: it happens once, or when the process ends.
    case 'schemaChanged':
    case 'closeTimedOut':
      return undefined
    case 'warning':
      return listeners.warning()
    case 'selectorsCounted':
      return listeners.selectorsCounted(observation)
    case 'callsCounted':
      return listeners.callsCounted(observation)
    case 'pushTestsCounted':
      return listeners.pushTestsCounted(observation)
    default:
      return observation satisfies never
  }
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15]

function requestMetrics(instruments: Instruments) {
  const requests = instruments.counter('sipis_gateway_requests_total', {
    help: 'Requests by endpoint and class of the HTTP status; none if the caller disconnected before the answer.',
    labels: ['route', 'status'],
  })
  const durations = instruments.histogram('sipis_gateway_request_duration_seconds', {
    help: 'Seconds from a request until its answer was sent.',
    labels: ['route'],
    buckets: requestBuckets,
  })
  const errors = instruments.counter('sipis_gateway_request_errors_total', {
    help: 'Requests by each error code in their answers.',
    labels: ['code'],
  })
  const limits = instruments.counter('sipis_gateway_limits_reached_total', {
    help: 'Requests that were refused or cut short by a limit, by its setting.',
    labels: ['setting'],
  })
  const cost = instruments.counter('sipis_gateway_cost_total', {
    help: 'Cost of requests, as RATE_LIMIT_COST counts it.',
  })
  const rows = instruments.counter('sipis_gateway_rows_total', { help: 'Rows that were read for requests.' })
  const bytes = instruments.counter('sipis_gateway_answer_bytes_total', { help: 'Bytes of the bodies of answers.' })
  return {
    requestEnded(ended: RequestEnded) {
      requests(1, ended.route, ended.status === undefined ? 'none' : `${Math.floor(ended.status / 100)}xx`)
      durations(ended.durationMs / 1_000, ended.route)
      for (const code of ended.codes) errors(1, knownCodes.has(code) ? code : 'other')
      for (const setting of ended.limits) limits(1, setting)
      cost(ended.cost)
      rows(ended.rows)
      bytes(ended.bytes)
    },
  }
}

const knownCodes: ReadonlySet<string> = new Set([...Object.keys(errorCatalogue), 'DISCONNECTED'])

const statementBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

function statementMetrics(instruments: Instruments) {
  const outcomeOf = bounded(50)
  const statements = instruments.counter('sipis_gateway_statements_total', {
    help: 'Statements by lane, or pool, and outcome: ok, SQLSTATE or code of the operating system.',
    labels: ['lane', 'outcome'],
  })
  const rows = instruments.counter('sipis_gateway_statement_rows_total', {
    help: 'Rows of statements.',
    labels: ['lane'],
  })
  const durations = instruments.histogram('sipis_gateway_statement_duration_seconds', {
    help: 'Seconds from the call of a statement to its outcome, waiting for a connection included.',
    labels: ['lane'],
    buckets: statementBuckets,
  })
  const waits = instruments.histogram('sipis_gateway_statement_wait_seconds', {
    help: 'Seconds that a statement waited for its connection.',
    labels: ['lane'],
    buckets: statementBuckets,
  })
  const resent = instruments.counter('sipis_gateway_statements_resent_total', {
    help: 'Statements that were sent again, because their connection was lost or another one failed before them.',
    labels: ['lane'],
  })
  const cancels = instruments.counter('sipis_gateway_cancels_total', {
    help: 'Requests to the server to cancel a statement.',
    labels: ['lane'],
  })
  return {
    statementSent: ({ lane, waitedMs }: Of<'statementSent'>) => waits(waitedMs / 1_000, lane),
    statementEnded(ended: Of<'statementEnded'>) {
      statements(1, ended.lane, ended.failure === undefined ? 'ok' : outcomeOf(ended.failure))
      rows(ended.rows, ended.lane)
      durations(ended.durationMs / 1_000, ended.lane)
    },
    statementResent: ({ lane }: Of<'statementResent'>) => resent(1, lane),
    cancelSent: ({ lane }: Of<'cancelSent'>) => cancels(1, lane),
  }
}

function connectionMetrics(instruments: Instruments) {
  const connections = instruments.counter('sipis_gateway_connections_total', {
    help: 'Connections to the database that were opened, lost in use, or could not be made.',
    labels: ['lane', 'event'],
  })
  const events = { connectionOpened: 'opened', connectionLost: 'lost', connectionFailed: 'failed' } as const
  let pool = { connections: 0, inUse: 0, waiting: 0 }
  instruments.gauge('sipis_gateway_pool_connections', {
    help: 'Connections of the pool.',
    labels: ['state'],
    read: () => [
      [pool.inUse, 'in_use'],
      [pool.connections - pool.inUse, 'idle'],
    ],
  })
  instruments.gauge('sipis_gateway_pool_waiting', {
    help: 'Statements that wait for a connection of the pool.',
    read: () => [[pool.waiting]],
  })
  return {
    connection: ({ lane, kind }: Of<keyof typeof events>) => connections(1, lane, events[kind]),
    poolChanged({ kind: _, ...now }: Of<'poolChanged'>) {
      pool = now
    },
  }
}

interface Tasks {
  readonly running: number
  readonly waiting: number
}

function stateMetrics(instruments: Instruments) {
  let operations: Tasks = { running: 0, waiting: 0 }
  let unsent = 0
  let isRateStoreAway = false
  let isSchemaUnreadable = false
  instruments.gauge('sipis_gateway_unsent_bytes', {
    help: 'Bytes of answers that their clients have not read yet (LIMIT_UNSENT_BYTES).',
    read: () => [[unsent]],
  })
  instruments.gauge('sipis_gateway_rate_store_away', {
    help: '1 while the shared rate store does not answer and this gateway counts alone.',
    read: () => [[isRateStoreAway ? 1 : 0]],
  })
  instruments.gauge('sipis_gateway_schema_unreadable', {
    help: '1 while a table, column or privilege that the gateway needs is missing.',
    read: () => [[isSchemaUnreadable ? 1 : 0]],
  })
  const turns = new Map<string, Tasks>()
  instruments.gauge('sipis_gateway_operations', {
    help: 'Operations that run, and that wait for their turn (LIMIT_CONCURRENT, LIMIT_QUEUE).',
    labels: ['state'],
    read: () => [
      [operations.running, 'running'],
      [operations.waiting, 'waiting'],
    ],
  })
  instruments.gauge('sipis_gateway_turns', {
    help: 'Statements that run, and that wait because of other statements of their caller or of all (LIMIT_SCANS), by what they share.',
    labels: ['share', 'state'],
    read: () =>
      [...turns].flatMap(([share, { running, waiting }]) => [
        [running, share, 'running'],
        [waiting, share, 'waiting'],
      ]),
  })
  return {
    admissionChanged(now: Of<'admissionChanged'>) {
      operations = now
    },
    turnsChanged: (now: Of<'turnsChanged'>) => void turns.set(now.share, now),
    unsentBytes({ total }: Of<'unsentBytes'>) {
      unsent = total
    },
    rateStore({ kind }: Of<'rateStoreLost' | 'rateStoreBack'>) {
      isRateStoreAway = kind === 'rateStoreLost'
    },
    schema({ kind }: Of<'schemaUnreadable' | 'schemaReadable'>) {
      isSchemaUnreadable = kind === 'schemaUnreadable'
    },
  }
}

function failureMetrics(instruments: Instruments) {
  const credentials = instruments.counter('sipis_gateway_credentials_refused_total', {
    help: 'Requests that were refused for their credential.',
  })
  const fields = instruments.counter('sipis_gateway_failed_fields_total', {
    help: 'Fields that failed for a reason that the caller did not cause.',
    labels: ['code'],
  })
  const bugs = instruments.counter('sipis_gateway_bugs_total', {
    help: 'Unexpected failures of the gateway; its log has the cause of each.',
    labels: ['kind'],
  })
  const warnings = instruments.counter('sipis_gateway_warnings_total', { help: 'Warnings in the log.' })
  const lost = instruments.counter('sipis_gateway_log_lines_lost_total', {
    help: 'Lines of a log (audit, access or log) that were dropped, counted when it could be written again.',
    labels: ['file'],
  })
  const failing = new Map<string, boolean>()
  instruments.gauge('sipis_gateway_log_failing', {
    help: '1 while a log (audit, access or log) cannot be written.',
    labels: ['file'],
    read: () => [...failing].map(([file, isFailing]) => [isFailing ? 1 : 0, file]),
  })
  const stalled = instruments.counter('sipis_gateway_writes_stalled_total', {
    help: 'Connections that were ended because their client did not read an answer.',
  })
  return {
    credentialRefused: () => credentials(1),
    operationFailed: ({ code, fields: failed }: Of<'operationFailed'>) => fields(failed, code),
    bug: ({ kind }: Of<'requestFailed' | 'responseFailed' | 'unhandledRejection'>) => bugs(1, kind),
    warning: () => warnings(1),
    file(observation: Of<'fileFailed' | 'linesDropped' | 'fileRecovered' | 'fileEndLost'>) {
      const { kind, file } = observation
      failing.set(file, kind !== 'fileRecovered')
      if (kind === 'fileRecovered') lost(observation.lost, file)
    },
    writeStalled: () => stalled(1),
  }
}

function sipisMetrics(instruments: Instruments) {
  let selectors: number | undefined
  let calls: readonly CallCount[] = []
  let pushTests: readonly PushTestCount[] = []
  instruments.gauge('sipis_selectors_seen_last_hour', {
    help: 'Selectors that SIPIS saw in the last hour, counted up to 100,000. Absent if they could not be counted.',
    read: () => (selectors === undefined ? [] : [[selectors]]),
  })
  instruments.gauge('sipis_calls_last_hour', {
    help: 'Calls of the last hour by why they did not reach the user, counted up to 100,000. Absent if they could not be counted.',
    labels: ['reason'],
    read: () => calls.map(({ reason, count }) => [count, reason]),
  })
  instruments.gauge('sipis_push_tests_last_hour', {
    help: 'Push tests that were started in the last hour, counted up to 100,000. Absent if they could not be counted.',
    labels: ['platform', 'state'],
    read: () =>
      pushTests.map(({ platform, isConcluded, count }) => [count, platform, isConcluded ? 'concluded' : 'pending']),
  })
  return {
    selectorsCounted({ seen }: Of<'selectorsCounted'>) {
      selectors = seen
    },
    callsCounted({ counts = [] }: Of<'callsCounted'>) {
      calls = counts
    },
    pushTestsCounted({ counts = [] }: Of<'pushTestsCounted'>) {
      pushTests = counts
    },
  }
}

/** Keeps the first texts; further ones become `other`, so that the number of time series is bounded. */
function bounded(most: number): (text: string) => string {
  const known = new Set<string>()
  return (text) => {
    if (!known.has(text) && known.size >= most) return 'other'
    known.add(text)
    return text
  }
}
