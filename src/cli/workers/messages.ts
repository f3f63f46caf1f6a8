/** What the process that starts the workers and its workers send each other. */
import type { Example } from '../../http/graphql/graphiql.ts'
import type { Detected } from '../../sipis/detect.ts'
import type { MetricValues } from '../../telemetry/instruments.ts'

/** What the banner says of a gateway that accepts requests. */
export interface Serving {
  readonly url: string
  readonly detected: Pick<Detected, 'version' | 'serverVersion' | 'encoding'>
  readonly example: Example
}

/** To a worker. */
export type Order =
  | { readonly kind: 'stop'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'reopenFiles' }
  | { readonly kind: 'sayMetrics'; readonly question: number; readonly counts: boolean }
  | { readonly kind: 'printed'; readonly question: number; readonly text: string }

/** From a worker. */
export type Report =
  | { readonly kind: 'ready'; readonly serving: Serving }
  | { readonly kind: 'metrics'; readonly question: number; readonly values: MetricValues }
  | { readonly kind: 'printMetrics'; readonly question: number }

/** The variable that makes a process a worker: its number, and whether others answer already. */
export const workerVariable = 'GATEWAY_WORKER'
