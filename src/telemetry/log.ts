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
    case 'statementSent':
    case 'poolChanged':
    case 'turnsChanged':
    case 'admissionChanged':
    case 'requestEnded':
    case 'selectorsCounted':
    case 'callsCounted':
    case 'pushTestsCounted':
    case 'credentialRefused':
      return undefined
    case 'auditFailed':
      return error('Cannot write the audit log; lines wait in memory', fieldsOf(observation))
    case 'auditLinesDropped':
      return error('Audit log lines are being dropped', fieldsOf(observation))
    case 'auditRecovered':
      return warn('The audit log is writable again; lost is the number of dropped lines', fieldsOf(observation))
    case 'auditEndLost':
      return error('The last lines of the audit log could not be written', fieldsOf(observation))
    case 'operationFailed':
      return error('An operation failed', fieldsOf(observation))
    case 'requestFailed':
      return error('A request failed', { requestId: observation.requestId, stack: stackOf(observation.error) })
    case 'responseFailed':
      return error('Sending a response failed', { cause: String(observation.error) })
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
