import type { Instruments } from '../instruments.ts'
import type { CallCount, ObservationOf, PushTestCount } from '../observation.ts'

export function sipisMetrics(instruments: Instruments) {
  let selectors: number | undefined
  let archiveLag: number | undefined
  let calls: readonly CallCount[] = []
  let pushTests: readonly PushTestCount[] = []
  instruments.gauge('sipis_selectors_seen_last_hour', {
    help: 'Selectors that SIPIS saw in the last hour, counted up to 100,000. Absent if they could not be counted.',
    read: () => (selectors === undefined ? [] : [[selectors]]),
  })
  instruments.gauge('sipis_calls_last_hour', {
    help: 'Calls of the last hour by the reason why they were missed, counted up to 100,000. Absent if they could not be counted.',
    labels: ['reason'],
    read: () => calls.map(({ reason, count }) => [count, reason]),
  })
  instruments.gauge('sipis_push_tests_last_hour', {
    help: 'Push tests that were started in the last hour, counted up to 100,000. Absent if they could not be counted.',
    labels: ['platform', 'state'],
    read: () =>
      pushTests.map(({ platform, isConcluded, count }) => [count, platform, isConcluded ? 'concluded' : 'pending']),
  })
  instruments.gauge('sipis_archive_lag_seconds', {
    help: 'Seconds since the archive that is served had caught up with its source. Absent where no archive is served.',
    read: () => (archiveLag === undefined ? [] : [[archiveLag]]),
  })
  return {
    sipis(found: ObservationOf<'selectorsCounted' | 'callsCounted' | 'pushTestsCounted' | 'archiveLooked'>) {
      if (found.kind === 'selectorsCounted') selectors = found.seen
      else if (found.kind === 'callsCounted') calls = found.counts ?? []
      else if (found.kind === 'pushTestsCounted') pushTests = found.counts ?? []
      else archiveLag = found.lagSeconds
    },
  }
}
