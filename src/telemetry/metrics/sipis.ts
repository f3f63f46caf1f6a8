import type { Instruments } from '../instruments.ts'
import type { CallCount, ObservationOf, ProcessSummary, PushTestCount } from '../observation.ts'

type Looked = 'selectorsCounted' | 'callsCounted' | 'pushTestsCounted' | 'archiveLooked' | 'processesAsked'

export function sipisMetrics(instruments: Instruments) {
  let selectors: number | undefined
  let processes: readonly ProcessSummary[] = []
  let archiveLag: number | undefined
  let calls: readonly CallCount[] = []
  let pushTests: readonly PushTestCount[] = []
  instruments.gauge('sipis_selectors_seen_last_hour', {
    across: 'max',
    help: 'Selectors that SIPIS saw in the last hour, counted up to 100,000. Absent if they could not be counted.',
    read: () => (selectors === undefined ? [] : [[selectors]]),
  })
  instruments.gauge('sipis_calls_last_hour', {
    across: 'max',
    help: 'Calls of the last hour by the reason why they were missed, counted up to 100,000. Absent if they could not be counted.',
    labels: ['reason'],
    read: () => calls.map(({ reason, count }) => [count, reason]),
  })
  instruments.gauge('sipis_push_tests_last_hour', {
    across: 'max',
    help: 'Push tests that were started in the last hour, counted up to 100,000. Absent if they could not be counted.',
    labels: ['platform', 'state'],
    read: () =>
      pushTests.map(({ platform, isConcluded, count }) => [count, platform, isConcluded ? 'concluded' : 'pending']),
  })
  instruments.gauge('sipis_archive_lag_seconds', {
    across: 'max',
    help: 'Seconds since the archive that is served had caught up with its source. Absent where no archive is served.',
    read: () => (archiveLag === undefined ? [] : [[archiveLag]]),
  })
  processMetrics(instruments, () => processes)
  return {
    sipis(found: ObservationOf<Looked>) {
      if (found.kind === 'selectorsCounted') selectors = found.seen
      else if (found.kind === 'callsCounted') calls = found.counts ?? []
      else if (found.kind === 'pushTestsCounted') pushTests = found.counts ?? []
      else if (found.kind === 'archiveLooked') archiveLag = found.lagSeconds
      else processes = found.processes
    },
  }
}

/** What SIPIS processes say of themselves, if the gateway has their addresses (SIPIS_HTTP_URLS). */
function processMetrics(instruments: Instruments, processes: () => readonly ProcessSummary[]): void {
  const numbers = (of: (summary: ProcessSummary) => number | null): [number, string][] =>
    processes().flatMap((summary) => {
      const value = of(summary)
      return value === null ? [] : [[value, summary.process]]
    })
  instruments.gauge('sipis_process_up', {
    across: 'max',
    help: '1 if a SIPIS process answers (SIPIS_HTTP_URLS).',
    labels: ['process'],
    read: () => numbers(({ answers }) => (answers ? 1 : 0)),
  })
  instruments.gauge('sipis_process_instances', {
    across: 'max',
    help: 'Instances in the memory of a SIPIS process, by state.',
    labels: ['process', 'state'],
    read: () =>
      processes().flatMap(({ process, instances }) =>
        Object.entries(instances).flatMap(([state, count]) => (count === null ? [] : [[count, process, state]])),
      ),
  })
  instruments.gauge('sipis_process_queue_length', {
    across: 'max',
    help: 'Messages that wait in the loop of a SIPIS process.',
    labels: ['process'],
    read: () => numbers(({ queueLength }) => queueLength),
  })
  instruments.gauge('sipis_process_uptime_seconds', {
    across: 'max',
    help: 'Seconds since a SIPIS process was started.',
    labels: ['process'],
    read: () => numbers(({ uptimeSeconds }) => uptimeSeconds),
  })
}
