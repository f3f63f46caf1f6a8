import type { Observation, Observe } from '../../telemetry/observation.ts'
import { ignore, replicaPrefix } from '../../telemetry/observation.ts'
import type { ConnectionConfig } from '../client.ts'
import type { Database } from '../database.ts'
import type { PoolOptions } from '../pool.ts'
import { openPool } from '../pool.ts'
import { openServers } from './servers.ts'

export interface Target {
  readonly connection: ConnectionConfig
  readonly label: string
}

/** Opens a database and its standbys. Without standbys it is a pool. */
export function openReplicated(
  primary: Target,
  standbys: readonly Target[],
  { maxReplicationLag, ...options }: Omit<PoolOptions, 'connection'> & { maxReplicationLag: number | undefined },
): Database {
  const { observe = ignore } = options
  const open = ({ connection }: Target, emit: Observe) => openPool({ ...options, connection, observe: emit })
  if (standbys.length === 0) return open(primary, observe)
  return openServers({
    primary: { label: primary.label, database: open(primary, observe) },
    standbys: standbys.map((standby) => ({ label: standby.label, database: open(standby, ofReplica(observe)) })),
    maxLag: maxReplicationLag,
    onChange: (change) => observe({ kind: 'replicaChanged', ...change }),
  })
}

/** Statements count in lanes of their own. `replicaChanged` says whether a standby can be reached. */
function ofReplica(observe: Observe): Observe {
  return (observation: Observation) => {
    switch (observation.kind) {
      case 'statementSent':
      case 'statementEnded':
      case 'statementResent':
      case 'cancelSent':
        return observe({ ...observation, lane: `${replicaPrefix}${observation.lane}` })
      default:
        return undefined
    }
  }
}
