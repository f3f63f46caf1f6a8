/** How much may be asked for. */
import { z } from 'zod'
import type { Limits } from '../limits/limits.ts'
import { defaultLimits, scansOf } from '../limits/limits.ts'
import { optionalNumber, wholeNumber } from './values.ts'

export const limitSettings = {
  LIMIT_BODY_BYTES: wholeNumber('LIMIT_BODY_BYTES', 100, 10_000_000, defaultLimits.bodyBytes),
  LIMIT_CONNECTIONS: wholeNumber('LIMIT_CONNECTIONS', 1, 100_000, defaultLimits.connections),
  LIMIT_CONNECTIONS_PER_ADDRESS: wholeNumber(
    'LIMIT_CONNECTIONS_PER_ADDRESS',
    1,
    100_000,
    defaultLimits.connectionsPerAddress,
  ),
  LIMIT_TOKENS: wholeNumber('LIMIT_TOKENS', 10, 100_000, defaultLimits.tokens),
  LIMIT_DEPTH: wholeNumber('LIMIT_DEPTH', 1, 100, defaultLimits.depth),
  LIMIT_ALIASES: wholeNumber('LIMIT_ALIASES', 0, 10_000, defaultLimits.aliases),
  LIMIT_DIRECTIVES: wholeNumber('LIMIT_DIRECTIVES', 0, 10_000, defaultLimits.directives),
  LIMIT_REPEATS: wholeNumber('LIMIT_REPEATS', 1, 10_000, defaultLimits.repeats),
  LIMIT_FIELDS: wholeNumber('LIMIT_FIELDS', 10, 100_000, defaultLimits.fields),
  LIMIT_COST: wholeNumber('LIMIT_COST', 1, 100_000_000, defaultLimits.cost),
  LIMIT_RESPONSE_BYTES: wholeNumber('LIMIT_RESPONSE_BYTES', 10_000, 100_000_000, defaultLimits.responseBytes),
  LIMIT_OPERATION_MS: wholeNumber('LIMIT_OPERATION_MS', 100, 600_000, defaultLimits.operationMs),
  LIMIT_CONCURRENT: wholeNumber('LIMIT_CONCURRENT', 1, 10_000, defaultLimits.concurrent),
  LIMIT_CONCURRENT_PER_CALLER: optionalNumber('LIMIT_CONCURRENT_PER_CALLER', 1, 10_000),
  LIMIT_QUEUE: wholeNumber('LIMIT_QUEUE', 0, 10_000, defaultLimits.queue),
  LIMIT_QUEUE_MS: wholeNumber('LIMIT_QUEUE_MS', 0, 60_000, defaultLimits.queueMs),
  LIMIT_SCANS: optionalNumber('LIMIT_SCANS', 1, 1_000),
  LIMIT_SCANS_PER_CALLER: optionalNumber('LIMIT_SCANS_PER_CALLER', 1, 1_000),
}

type Given = z.infer<z.ZodObject<typeof limitSettings>>

interface Surroundings {
  /** Whether no credential is asked for. All callers are one then, so there is nothing to share out between them unless that is set. */
  readonly open: boolean
  readonly poolSize: number
}

export function limitsOf(given: Given, { open, poolSize }: Surroundings): Limits {
  const perCaller = open ? Number.POSITIVE_INFINITY : defaultLimits.concurrentPerCaller
  const scans = given.LIMIT_SCANS ?? scansOf(poolSize).scans
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
    concurrentPerCaller: given.LIMIT_CONCURRENT_PER_CALLER ?? perCaller,
    queue: given.LIMIT_QUEUE,
    queueMs: given.LIMIT_QUEUE_MS,
    scans,
    scansPerCaller: given.LIMIT_SCANS_PER_CALLER ?? (open ? Number.POSITIVE_INFINITY : Math.ceil(scans / 2)),
  }
}

/** Undefined is no limit. */
export interface RateConfig {
  readonly costPerMinute: number | undefined
  readonly requestsPerMinute: number | undefined
}

const mostPerMinute = 2_000_000_000

export const rateSettings = {
  RATE_LIMIT_COST: optionalNumber('RATE_LIMIT_COST', 1, mostPerMinute),
  RATE_LIMIT_REQUESTS: optionalNumber('RATE_LIMIT_REQUESTS', 1, mostPerMinute),
  RATE_LIMIT_DATABASE_URL: z.string().optional(),
  RATE_LIMIT_SECRET: z
    .string()
    .min(16, {
      error: () => 'RATE_LIMIT_SECRET must have at least 16 characters: openssl rand -hex 32 makes a good one.',
    })
    .optional(),
}

/** A gateway that asks for no credential has one caller, on this machine: it is not held back unless that is set. */
export function ratesOf(given: z.infer<z.ZodObject<typeof rateSettings>>, open: boolean): RateConfig {
  return {
    costPerMinute: given.RATE_LIMIT_COST ?? (open ? undefined : 600_000),
    requestsPerMinute: given.RATE_LIMIT_REQUESTS ?? (open ? undefined : 60_000),
  }
}
