import type { Instruments } from '../instruments.ts'
import type { ObservationOf } from '../observation.ts'

const statementBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function statementMetrics(instruments: Instruments) {
  const outcomeOf = bounded(50)
  const statements = instruments.counter('sipis_gateway_statements_total', {
    help: 'Statements by lane or pool, and by outcome: ok, SQLSTATE or code of the operating system.',
    labels: ['lane', 'outcome'],
  })
  const rows = instruments.counter('sipis_gateway_statement_rows_total', {
    help: 'Rows that statements returned.',
    labels: ['lane'],
  })
  const durations = instruments.histogram('sipis_gateway_statement_duration_seconds', {
    help: 'Seconds from the call of a statement to its outcome, including the wait for a connection.',
    labels: ['lane'],
    buckets: statementBuckets,
  })
  const waits = instruments.histogram('sipis_gateway_statement_wait_seconds', {
    help: 'Seconds that a statement waited for its connection.',
    labels: ['lane'],
    buckets: statementBuckets,
  })
  const resent = instruments.counter('sipis_gateway_statements_resent_total', {
    help: 'Statements that were sent again because their connection was lost or an earlier statement of their batch failed.',
    labels: ['lane'],
  })
  const cancels = instruments.counter('sipis_gateway_cancels_total', {
    help: 'Cancel requests to the server.',
    labels: ['lane'],
  })
  return {
    statementSent: ({ lane, waitedMs }: ObservationOf<'statementSent'>) => waits(waitedMs / 1_000, lane),
    statementEnded(ended: ObservationOf<'statementEnded'>) {
      statements(1, ended.lane, ended.failure === undefined ? 'ok' : outcomeOf(ended.failure))
      rows(ended.rows, ended.lane)
      durations(ended.durationMs / 1_000, ended.lane)
    },
    statementResent: ({ lane }: ObservationOf<'statementResent'>) => resent(1, lane),
    cancelSent: ({ lane }: ObservationOf<'cancelSent'>) => cancels(1, lane),
  }
}

export function connectionMetrics(instruments: Instruments) {
  const connections = instruments.counter('sipis_gateway_connections_total', {
    help: 'Connections to the database that were opened, were lost, or could not be established.',
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
    connection: ({ lane, kind }: ObservationOf<keyof typeof events>) => connections(1, lane, events[kind]),
    poolChanged({ kind: _, ...now }: ObservationOf<'poolChanged'>) {
      pool = now
    },
  }
}

/** Limits distinct label values: after the first `most`, further ones become `other`, so that the number of time series is bounded. */
function bounded(most: number): (text: string) => string {
  const known = new Set<string>()
  return (text) => {
    if (!known.has(text) && known.size >= most) return 'other'
    known.add(text)
    return text
  }
}
