import type { Logger } from 'pino'
import { createCounted } from './counted.ts'
import type { Observation, Observe } from './observation.ts'

interface Line {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: object
}

/** Creates the listener that writes observations to the log. */
export function createLog(logger: Logger): Observe {
  const countRefused = createCounted((refused) => logger.warn({ refused }, 'Requests rejected for their credential'))
  return (observation) => {
    if (observation.kind === 'credentialRefused') return countRefused(observation.reason)
    const line = lineOf(observation)
    if (line !== undefined) logger[line.level](line.fields, line.message)
  }
}

/** A new kind of observation does not compile until it is listed here. */
function lineOf(observation: Observation): Line | undefined {
  switch (observation.kind) {
    case 'statementEnded':
    case 'connectionOpened':
    case 'connectionFailed':
    case 'connectionLost':
    case 'statementResent':
    case 'cancelSent':
    case 'credentialRefused':
    case 'unsentBytes':
    case 'writeStalled':
      return undefined
    case 'auditFailed':
      return error('Cannot write the audit log; lines wait in memory', fieldsOf(observation))
    case 'auditLinesDropped':
      return error('Audit log lines are being dropped', fieldsOf(observation))
    case 'auditRecovered':
      return warn('The audit log is writable again; lost is the number of dropped lines', fieldsOf(observation))
    case 'auditEndLost':
      return error('The last lines of the audit log could not be written', fieldsOf(observation))
    case 'rateStoreLost':
      return error('The rate store does not answer; this gateway counts alone until it does', fieldsOf(observation))
    case 'rateStoreBack':
      return warn('The rate store answers again; its counts are shared', {})
    case 'schemaChanged':
      return warn('The tables have changed; they are served as they are now', fieldsOf(observation))
    case 'schemaUnreadable':
      return error(`The tables cannot be served: ${observation.message}`, {})
    case 'schemaReadable':
      return warn('The tables can be served again', {})
    case 'operationFailed':
      return error('An operation failed', fieldsOf(observation))
    case 'requestFailed':
      return error('A request failed', { stack: stackOf(observation.error) })
    case 'responseFailed':
      return error('Sending a response failed', { cause: String(observation.error) })
    case 'closeTimedOut':
      return warn('A part did not close in time; the process ends without it', fieldsOf(observation))
    case 'unhandledRejection':
      return error('Unhandled promise rejection', { stack: stackOf(observation.error) })
    case 'warning':
      return warn(observation.message, observation.cause === undefined ? {} : { cause: observation.cause })
    default:
      return observation satisfies never
  }
}

function error(message: string, fields: object): Line {
  return { level: 'error', message, fields }
}

function warn(message: string, fields: object): Line {
  return { level: 'warn', message, fields }
}

function fieldsOf({ kind: _, ...fields }: Observation): object {
  return fields
}

function stackOf(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
}
