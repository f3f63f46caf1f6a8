import type { Logger } from 'pino'
import { pino } from 'pino'
import { createCounted } from './counted.ts'
import type { LineFile } from './line-file.ts'
import type { FileObservation, Observation, ObservationOf, Observe } from './observation.ts'
import { createReachability } from './reachability.ts'
import { createRepeats } from './repeats.ts'
import { openStandardError } from './standard-error.ts'

interface Line {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: object
  /** Repeated lines with the same key are counted instead of written; undefined writes each line. */
  readonly key?: string
}

/** The log of this process, as JSON lines on standard error. Closing it writes waiting lines. */
export interface Log extends AsyncDisposable {
  readonly observe: Observe
  readonly standardError: LineFile
}

/** @param worker number of this process if it is one of several; each line has it */
export function openLog(level: string, worker?: number): Log {
  const standardError = openStandardError((observation) => log.observe(observation))
  const log = createLog(pino({ level, base: worker === undefined ? null : { worker } }, standardError))
  return closable(log, standardError)
}

/** Creates a log with another logger; standard error then carries only the audit log. */
export function openLogTo(logger: Logger): Log {
  const { observe, flush } = createLog(logger)
  return closable({ observe, flush }, openStandardError(observe))
}

function closable({ observe, flush }: LogListener, standardError: LineFile): Log {
  const close = () => {
    flush()
    return standardError[Symbol.asyncDispose]()
  }
  return { observe, standardError, [Symbol.asyncDispose]: close }
}

export interface LogListener {
  readonly observe: Observe
  /** Writes the current counts. */
  flush(): void
}

/** Creates the listener that writes observations to the log. Repeated failures become one line with their number per ten seconds. */
export function createLog(logger: Logger): LogListener {
  const refusals = createCounted((refused) => logger.warn({ refused }, 'Requests rejected for their credential'))
  const write = ({ level, fields, message }: Line, repeated: number) =>
    logger[level](repeated === 0 ? fields : { ...fields, repeated }, message)
  const repeats = createRepeats(write, (count) => logger.error({ count }, 'More different failures than the log lists'))
  const add = (line: Line) => (line.key === undefined ? write(line, 0) : repeats.add(line.key, line))
  const watchDatabase = createReachability(
    (failure) => add(error('The database cannot be reached', failure, 'unreachable')),
    (outage) => add(warn('The database is reachable again', outage, 'reached')),
  )
  const observe = (observation: Observation) => {
    if (observation.kind === 'credentialRefused') return refusals.add(observation.reason)
    watchDatabase(observation)
    const line = lineOf(observation)
    if (line !== undefined) add(line)
  }
  const flush = () => {
    refusals.flush()
    repeats.flush()
  }
  return { observe, flush }
}

/** A new kind of observation does not compile until it is listed here. */
function lineOf(observation: Observation): Line | undefined {
  switch (observation.kind) {
    case 'statementEnded':
    case 'connectionOpened':
    // Logged by createReachability.
    case 'connectionFailed':
    case 'statementResent':
    case 'cancelSent':
    case 'statementSent':
    case 'poolChanged':
    case 'turnsChanged':
    case 'admissionChanged':
    case 'streamsChanged':
    case 'socketsChanged':
    case 'requestEnded':
    case 'selectorsCounted':
    case 'callsCounted':
    case 'archiveLooked':
    case 'processesAsked':
    case 'pushTestsCounted':
    case 'credentialRefused':
    case 'unsentBytes':
    case 'writeStalled':
      return undefined
    case 'fileFailed':
    case 'linesDropped':
    case 'fileRecovered':
    case 'fileEndLost':
      return observation.file === 'log' ? lineOfLog(observation) : lineOfFile(observation)
    case 'connectionLost':
      return warn('A database connection was lost', { code: observation.code }, observation.code)
    case 'replicaChanged':
      return lineOfReplica(observation)
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
      return error('An operation failed', fieldsOf(observation), observation.sqlstate ?? observation.cause)
    case 'requestFailed':
      return error(
        'A request failed',
        { requestId: observation.requestId, stack: stackOf(observation.error) },
        String(observation.error),
      )
    case 'responseFailed':
      return error('Sending a response failed', { cause: String(observation.error) }, String(observation.error))
    case 'closeTimedOut':
      return warn('A part did not close in time; the process ends without it', fieldsOf(observation))
    case 'unhandledRejection':
      return error('Unhandled promise rejection', { stack: stackOf(observation.error) }, String(observation.error))
    case 'warning':
      return warn(observation.message, observation.cause === undefined ? {} : { cause: observation.cause }, '')
    default:
      return observation satisfies never
  }
}

function lineOfReplica({ standby: replica, problem }: ObservationOf<'replicaChanged'>): Line {
  return problem === undefined
    ? warn('A replica is read from now on', { replica })
    : warn('A replica is passed over', { replica, problem })
}

/** Standard error can report its own dropped lines only once it is writable again. */
function lineOfLog(observation: FileObservation): Line | undefined {
  if (observation.kind !== 'fileRecovered' || observation.lost === 0) return undefined
  return warn(`${observation.lost} log lines were dropped`, { lost: observation.lost })
}

function lineOfFile({ file, kind, ...fields }: FileObservation): Line {
  const name = `${file} log`
  switch (kind) {
    case 'fileFailed':
      return error(`Cannot write the ${name}; lines wait in memory`, fields)
    case 'linesDropped':
      return error(`Lines of the ${name} are being dropped`, fields)
    case 'fileRecovered':
      return warn(`The ${name} is writable again; lost is the number of dropped lines`, fields)
    case 'fileEndLost':
      return error(`The last lines of the ${name} could not be written`, fields)
    default:
      return kind satisfies never
  }
}

/** @param key lines with the same message and key are counted as repeated; if undefined, every line is written */
function error(message: string, fields: object, key?: string): Line {
  return line('error', message, fields, key)
}

function warn(message: string, fields: object, key?: string): Line {
  return line('warn', message, fields, key)
}

function line(level: Line['level'], message: string, fields: object, key: string | undefined): Line {
  return { level, message, fields, ...(key === undefined ? {} : { key: `${message} ${key}` }) }
}

function fieldsOf<T extends Observation>({ kind: _, ...fields }: T): Omit<T, 'kind'> {
  return fields
}

function stackOf(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
}
