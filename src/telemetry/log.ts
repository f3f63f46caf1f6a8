import type { Logger } from 'pino'
import { pino } from 'pino'
import { createCounted } from './counted.ts'
import type { LineFile } from './line-file.ts'
import type { FileObservation, Observation, Observe } from './observation.ts'
import { openStandardError } from './standard-error.ts'

interface Line {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: object
}

/** The log of this process, as lines of JSON on standard error. Closing it writes what waits. */
export interface Log extends AsyncDisposable {
  readonly observe: Observe
  readonly standardError: LineFile
}

export function openLog(level: string): Log {
  const standardError = openStandardError((observation) => observe(observation))
  const observe = createLog(pino({ level, base: null }, standardError))
  return { observe, standardError, [Symbol.asyncDispose]: () => standardError[Symbol.asyncDispose]() }
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
      return undefined
    case 'fileFailed':
    case 'linesDropped':
    case 'fileRecovered':
    case 'fileEndLost':
      return observation.file === 'log' ? lineOfLog(observation) : lineOfAudit(observation)
    case 'operationFailed':
      return error('An operation failed', fieldsOf(observation))
    case 'requestFailed':
      return error('A request failed', { stack: stackOf(observation.error) })
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

/** A log that cannot be written tells only afterwards how much of it is missing. */
function lineOfLog(observation: FileObservation): Line | undefined {
  if (observation.kind !== 'fileRecovered' || observation.lost === 0) return undefined
  return warn(`${observation.lost} log lines were dropped`, { lost: observation.lost })
}

function lineOfAudit(observation: FileObservation): Line {
  const { file: _, ...fields } = fieldsOf(observation)
  switch (observation.kind) {
    case 'fileFailed':
      return error('Cannot write the audit log; lines wait in memory', fields)
    case 'linesDropped':
      return error('Audit log lines are being dropped', fields)
    case 'fileRecovered':
      return warn('The audit log is writable again; lost is the number of dropped lines', fields)
    case 'fileEndLost':
      return error('The last lines of the audit log could not be written', fields)
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

function fieldsOf<T extends Observation>({ kind: _, ...fields }: T): Omit<T, 'kind'> {
  return fields
}

function stackOf(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
}
