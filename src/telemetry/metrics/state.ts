import type { Instruments } from '../instruments.ts'
import type { ObservationOf } from '../observation.ts'

interface Tasks {
  readonly running: number
  readonly waiting: number
}

export function stateMetrics(instruments: Instruments) {
  let operations: Tasks = { running: 0, waiting: 0 }
  let unsent = 0
  let streams = 0
  let replicas = 0
  let sockets = 0
  let isRateStoreAway = false
  let isSchemaUnreadable = false
  instruments.gauge('sipis_gateway_unsent_bytes', {
    help: 'Bytes of responses that clients have not read yet (LIMIT_UNSENT_BYTES).',
    read: () => [[unsent]],
  })
  instruments.gauge('sipis_gateway_streams', {
    help: 'Open subscriptions (LIMIT_STREAMS).',
    read: () => [[streams]],
  })
  instruments.gauge('sipis_gateway_replicas', {
    across: 'max',
    help: 'Standbys that queries read from (DATABASE_REPLICA_URLS).',
    read: () => [[replicas]],
  })
  instruments.gauge('sipis_gateway_sockets', {
    help: 'Open WebSockets.',
    read: () => [[sockets]],
  })
  instruments.gauge('sipis_gateway_rate_store_away', {
    across: 'max',
    help: '1 while the shared rate store does not answer and this gateway counts alone.',
    read: () => [[isRateStoreAway ? 1 : 0]],
  })
  instruments.gauge('sipis_gateway_schema_unreadable', {
    across: 'max',
    help: '1 while a table, column or privilege that the gateway needs is missing.',
    read: () => [[isSchemaUnreadable ? 1 : 0]],
  })
  const turns = new Map<string, Tasks>()
  instruments.gauge('sipis_gateway_operations', {
    help: 'Running and waiting operations (LIMIT_CONCURRENT, LIMIT_QUEUE).',
    labels: ['state'],
    read: () => [
      [operations.running, 'running'],
      [operations.waiting, 'waiting'],
    ],
  })
  instruments.gauge('sipis_gateway_turns', {
    help: 'Running statements, and statements that wait because of a limit per caller or in total (LIMIT_SCANS), by share.',
    labels: ['share', 'state'],
    read: () =>
      [...turns].flatMap(([share, { running, waiting }]) => [
        [running, share, 'running'],
        [waiting, share, 'waiting'],
      ]),
  })
  return {
    admissionChanged(now: ObservationOf<'admissionChanged'>) {
      operations = now
    },
    turnsChanged: (now: ObservationOf<'turnsChanged'>) => void turns.set(now.share, now),
    counted(now: ObservationOf<'streamsChanged' | 'socketsChanged' | 'replicaChanged' | 'unsentBytes'>) {
      if (now.kind === 'streamsChanged') streams = now.open
      else if (now.kind === 'socketsChanged') sockets = now.open
      else if (now.kind === 'replicaChanged') replicas = now.usable
      else unsent = now.total
    },
    rateStore({ kind }: ObservationOf<'rateStoreLost' | 'rateStoreBack'>) {
      isRateStoreAway = kind === 'rateStoreLost'
    },
    schema({ kind }: ObservationOf<'schemaUnreadable' | 'schemaReadable'>) {
      isSchemaUnreadable = kind === 'schemaUnreadable'
    },
  }
}
