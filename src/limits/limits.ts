import { availableParallelism } from 'node:os'

/** What one request, one caller and all of them together may take. Each is a setting of the same name in configuration. */
export interface Limits {
  readonly bodyBytes: number
  readonly connections: number
  readonly connectionsPerAddress: number
  readonly tokens: number
  readonly depth: number
  readonly aliases: number
  readonly directives: number
  readonly repeats: number
  readonly fields: number
  readonly cost: number
  readonly responseBytes: number
  readonly operationMs: number
  readonly concurrent: number
  readonly concurrentPerCaller: number
  readonly queue: number
  readonly queueMs: number
  readonly scans: number
  readonly scansPerCaller: number
}

export const defaultLimits: Limits = {
  bodyBytes: 100_000,
  connections: 1_000,
  connectionsPerAddress: 100,
  tokens: 1_000,
  depth: 16,
  aliases: 50,
  directives: 8,
  repeats: 50,
  fields: 1_000,
  cost: 50_000,
  responseBytes: 10_000_000,
  operationMs: 15_000,
  concurrent: 64,
  concurrentPerCaller: 32,
  queue: 128,
  queueMs: 2_000,
  ...scansOf(10),
}

/**
 * A scan keeps one processor of the server busy, and the gateway often runs where PostgreSQL and SIPIS do: half of its processors
 * may scan, and half of the pool, for the other half is for lists.
 */
export function scansOf(
  poolSize: number,
  processors = availableParallelism(),
): { readonly scans: number; readonly scansPerCaller: number } {
  const scans = Math.max(1, Math.floor(Math.min(poolSize, processors) / 2))
  return { scans, scansPerCaller: Math.ceil(scans / 2) }
}
