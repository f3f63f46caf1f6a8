/** Counts and measures observations for Prometheus. */
import type { MetricDescription, MetricValues } from './instruments.ts'
import { Instruments } from './instruments.ts'
import { connectionMetrics, statementMetrics } from './metrics/database.ts'
import { failureMetrics } from './metrics/failures.ts'
import { requestMetrics } from './metrics/requests.ts'
import { sipisMetrics } from './metrics/sipis.ts'
import { stateMetrics } from './metrics/state.ts'
import type { Observation, Observe } from './observation.ts'

export interface Metrics {
  readonly observe: Observe
  /** For the documentation; without the metrics of the process. */
  readonly descriptions: readonly MetricDescription[]
  /** All metrics in Prometheus' text format. */
  print(): Promise<string>
  /** The same for the process that adds up those of several workers. */
  values(): Promise<MetricValues>
}

export function createMetrics(): Metrics {
  const instruments = new Instruments()
  const listeners: Listeners = {
    ...requestMetrics(instruments),
    ...statementMetrics(instruments),
    ...connectionMetrics(instruments),
    ...stateMetrics(instruments),
    ...failureMetrics(instruments),
    ...sipisMetrics(instruments),
  }
  instruments.measureProcess()
  return {
    observe: (observation) => listen(listeners, observation),
    descriptions: instruments.descriptions,
    print: () => instruments.print(),
    values: () => instruments.values(),
  }
}

type Listeners = ReturnType<typeof requestMetrics> &
  ReturnType<typeof statementMetrics> &
  ReturnType<typeof connectionMetrics> &
  ReturnType<typeof stateMetrics> &
  ReturnType<typeof failureMetrics> &
  ReturnType<typeof sipisMetrics>

/** A new kind of observation does not compile until it is listed here. */
function listen(listeners: Listeners, observation: Observation): unknown {
  switch (observation.kind) {
    case 'requestEnded':
      return listeners.requestEnded(observation)
    case 'statementSent':
      return listeners.statementSent(observation)
    case 'statementEnded':
      return listeners.statementEnded(observation)
    case 'statementResent':
      return listeners.statementResent(observation)
    case 'cancelSent':
      return listeners.cancelSent(observation)
    case 'connectionOpened':
    case 'connectionLost':
    case 'connectionFailed':
      return listeners.connection(observation)
    case 'poolChanged':
      return listeners.poolChanged(observation)
    case 'streamsChanged':
    case 'socketsChanged':
    case 'replicaChanged':
    case 'unsentBytes':
      return listeners.counted(observation)
    case 'admissionChanged':
      return listeners.admissionChanged(observation)
    case 'turnsChanged':
      return listeners.turnsChanged(observation)
    case 'credentialRefused':
      return listeners.credentialRefused()
    case 'operationFailed':
      return listeners.operationFailed(observation)
    case 'requestFailed':
    case 'responseFailed':
    case 'unhandledRejection':
      return listeners.bug(observation)
    case 'fileFailed':
    case 'linesDropped':
    case 'fileRecovered':
    case 'fileEndLost':
      return listeners.file(observation)
    case 'rateStoreLost':
    case 'rateStoreBack':
      return listeners.rateStore(observation)
    case 'schemaUnreadable':
    case 'schemaReadable':
      return listeners.schema(observation)
    case 'writeStalled':
      return listeners.writeStalled()
    case 'schemaChanged':
    case 'closeTimedOut':
      return undefined // Logged only: it happens once, or when the process ends.
    case 'warning':
      return listeners.warning()
    case 'selectorsCounted':
    case 'callsCounted':
    case 'pushTestsCounted':
    case 'archiveLooked':
    case 'processesAsked':
      return listeners.sipis(observation)
    default:
      return observation satisfies never
  }
}
