import type { Instruments } from '../instruments.ts'
import type { ObservationOf } from '../observation.ts'

export function failureMetrics(instruments: Instruments) {
  const credentials = instruments.counter('sipis_gateway_credentials_refused_total', {
    help: 'Requests that were rejected for their credential.',
  })
  const fields = instruments.counter('sipis_gateway_failed_fields_total', {
    help: 'Fields that failed because of the server.',
    labels: ['code'],
  })
  const bugs = instruments.counter('sipis_gateway_bugs_total', {
    help: 'Unexpected failures of the gateway; the log contains the causes.',
    labels: ['kind'],
  })
  const warnings = instruments.counter('sipis_gateway_warnings_total', { help: 'Warnings in the log.' })
  const lost = instruments.counter('sipis_gateway_log_lines_lost_total', {
    help: 'Lines of a log (audit, access or log) that were dropped, counted once it is writable again.',
    labels: ['file'],
  })
  const failing = new Map<string, boolean>()
  instruments.gauge('sipis_gateway_log_failing', {
    across: 'max',
    help: '1 while a log (audit, access or log) cannot be written.',
    labels: ['file'],
    read: () => [...failing].map(([file, isFailing]) => [isFailing ? 1 : 0, file]),
  })
  const stalled = instruments.counter('sipis_gateway_writes_stalled_total', {
    help: 'Connections that were closed because the client did not read a response.',
  })
  return {
    credentialRefused: () => credentials(1),
    operationFailed: ({ code, fields: failed }: ObservationOf<'operationFailed'>) => fields(failed, code),
    bug: ({ kind }: ObservationOf<'requestFailed' | 'responseFailed' | 'unhandledRejection'>) => bugs(1, kind),
    warning: () => warnings(1),
    file(observation: ObservationOf<'fileFailed' | 'linesDropped' | 'fileRecovered' | 'fileEndLost'>) {
      const { kind, file } = observation
      failing.set(file, kind !== 'fileRecovered')
      if (kind === 'fileRecovered') lost(observation.lost, file)
    },
    writeStalled: () => stalled(1),
  }
}
