import { availableParallelism } from 'node:os'
import type { Limits } from './limits-interface.ts'
import type { ValuesOf } from './setting.ts'
import { schemaOf } from './setting.ts'
import { databaseSettings } from './settings/database.ts'
import { operationLimitSettings, requestLimitSettings } from './settings/limits.ts'

const settings = { ...requestLimitSettings, ...operationLimitSettings }

interface Surroundings {
  /** Whether authentication is off. All callers are one then, so they share nothing out unless a limit is set. */
  readonly isOpen: boolean
  readonly poolSize: number
}

export function limitsOf(given: ValuesOf<typeof settings>, { isOpen, poolSize }: Surroundings): Limits {
  const {
    LIMIT_CONCURRENT_PER_CALLER: concurrent,
    LIMIT_UNSENT_BYTES_PER_CALLER: unsent,
    LIMIT_STREAMS_PER_CALLER: streams,
  } = operationLimitSettings
  const orDefault = (value: number | undefined, byDefault: number) =>
    value ?? (isOpen ? Number.POSITIVE_INFINITY : byDefault)
  const scans = given.LIMIT_SCANS ?? defaultScans(poolSize)
  return {
    bodyBytes: given.LIMIT_BODY_BYTES,
    connections: given.LIMIT_CONNECTIONS,
    connectionsPerAddress: given.LIMIT_CONNECTIONS_PER_ADDRESS,
    tokens: given.LIMIT_TOKENS,
    depth: given.LIMIT_DEPTH,
    aliases: given.LIMIT_ALIASES,
    directives: given.LIMIT_DIRECTIVES,
    repeats: given.LIMIT_REPEATS,
    fields: given.LIMIT_FIELDS,
    cost: given.LIMIT_COST,
    responseBytes: given.LIMIT_RESPONSE_BYTES,
    operationMs: given.LIMIT_OPERATION_MS,
    concurrent: given.LIMIT_CONCURRENT,
    concurrentPerCaller: orDefault(given.LIMIT_CONCURRENT_PER_CALLER, concurrent.withAuthentication),
    queue: given.LIMIT_QUEUE,
    queueMs: given.LIMIT_QUEUE_MS,
    unsentBytes: given.LIMIT_UNSENT_BYTES,
    unsentBytesPerCaller: orDefault(given.LIMIT_UNSENT_BYTES_PER_CALLER, unsent.withAuthentication),
    streams: given.LIMIT_STREAMS,
    streamsPerCaller: orDefault(given.LIMIT_STREAMS_PER_CALLER, streams.withAuthentication),
    statisticsRows: given.LIMIT_STATISTICS_ROWS,
    scans,
    scansPerCaller: orDefault(given.LIMIT_SCANS_PER_CALLER, Math.ceil(scans / 2)),
  }
}

/**
 * Default of LIMIT_SCANS. Half of the processors, because a scan keeps one processor of the database server busy, and the gateway
 * often runs on that machine; at most half of the pool, because lists need the other half.
 */
export function defaultScans(poolSize: number, processors = availableParallelism()): number {
  return Math.max(1, Math.floor(Math.min(poolSize, processors) / 2))
}

/** Limits with authentication and without any setting. */
export const defaultLimits: Limits = limitsOf(schemaOf(settings).parse({}), {
  isOpen: false,
  poolSize: databaseSettings.DATABASE_POOL_SIZE.schema.parse(undefined),
})
