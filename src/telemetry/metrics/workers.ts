import { Instruments } from '../instruments.ts'

/** Metrics of the process that starts the workers. */
export function createWorkerMetrics(answering: () => number) {
  const instruments = new Instruments()
  instruments.gauge('sipis_gateway_workers', {
    help: 'Worker processes that answer; absent with one process (WORKERS).',
    read: () => [[answering()]],
  })
  const ended = instruments.counter('sipis_gateway_workers_ended_total', {
    help: 'Worker processes that ended by themselves and were started again.',
  })
  return {
    ended: () => ended(1),
    values: () => instruments.values(),
    descriptions: instruments.descriptions,
  }
}
