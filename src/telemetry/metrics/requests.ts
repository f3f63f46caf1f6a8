import { errorCatalogue } from '../../errors/catalogue.ts'
import type { Instruments } from '../instruments.ts'
import type { RequestEnded } from '../observation.ts'

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15]

export function requestMetrics(instruments: Instruments) {
  const requests = instruments.counter('sipis_gateway_requests_total', {
    help: 'Requests by endpoint and class of the HTTP status; none if the caller disconnected before the response.',
    labels: ['route', 'status'],
  })
  const durations = instruments.histogram('sipis_gateway_request_duration_seconds', {
    help: 'Seconds from a request until its response was sent.',
    labels: ['route'],
    buckets: requestBuckets,
  })
  const errors = instruments.counter('sipis_gateway_request_errors_total', {
    help: 'Requests by error code of their responses.',
    labels: ['code'],
  })
  const limits = instruments.counter('sipis_gateway_limits_reached_total', {
    help: 'Requests that were rejected or aborted by a limit, by its setting.',
    labels: ['setting'],
  })
  const cost = instruments.counter('sipis_gateway_cost_total', {
    help: 'Cost of requests, as RATE_LIMIT_COST counts it.',
  })
  const rows = instruments.counter('sipis_gateway_rows_total', { help: 'Rows that were read for requests.' })
  const bytes = instruments.counter('sipis_gateway_answer_bytes_total', { help: 'Bytes of response bodies.' })
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
