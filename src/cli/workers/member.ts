/** A worker process, as the process that starts it sees it. */
import type { Worker } from 'node:cluster'
import cluster from 'node:cluster'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { MetricValues } from '../../telemetry/instruments.ts'
import type { Order, Report, Serving } from './messages.ts'
import { workerVariable } from './messages.ts'
import { createQuestions } from './questions.ts'

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Member {
  readonly number: number
  readonly pid: number
  /** When it began to accept requests, by performance.now(); undefined before. */
  readonly readySince: number | undefined
  /** Resolves when it accepts requests; undefined if it ends before. */
  readonly ready: Promise<Serving | undefined>
  /** Resolves when it has ended and its output was taken. */
  readonly ended: Promise<Ending>
  /** @returns undefined if it does not answer in time */
  metricValues(counts: boolean): Promise<MetricValues | undefined>
  send(order: Order): void
  kill(signal: NodeJS.Signals): void
}

export interface MemberOptions {
  readonly number: number
  /** Whether others answer on the port already. */
  readonly joins: boolean
  readonly environment: Readonly<Record<string, string>>
  /** A whole line of its standard output or standard error, without the newline. */
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void
  /** It asks for the metrics of all workers. */
  readonly printMetrics: () => Promise<string>
}

/** Counting for the metrics takes a few seconds at most. */
const metricsWithinMs = 5_000

export function startMember({ number, joins, environment, onLine, printMetrics }: MemberOptions): Member {
  const worker = cluster.fork({ ...environment, [workerVariable]: `${number}${joins ? ' joins' : ''}` })
  const { stdout, stderr } = worker.process
  if (stdout !== null) takeLines(stdout, (line) => onLine('stdout', line))
  if (stderr !== null) takeLines(stderr, (line) => onLine('stderr', line))
  // Of messages to a process that has just ended.
  worker.on('error', () => undefined)
  const metrics = createQuestions<MetricValues | undefined>(metricsWithinMs)
  const ended = once(worker.process, 'close').then(([code, signal]): Ending => ({ code, signal }))
  let readySince: number | undefined
  const ready = new Promise<Serving | undefined>((resolve) => {
    worker.on('message', (report: Report) => {
      if (report.kind === 'ready') {
        readySince = performance.now()
        resolve(report.serving)
      } else if (report.kind === 'metrics') metrics.answer(report.question, report.values)
      else if (report.kind === 'printMetrics') {
        const { question } = report
        void printMetrics().then((text) => send(worker, { kind: 'printed', question, text }))
      }
    })
    void ended.then(() => resolve(undefined))
  })
  return {
    number,
    pid: worker.process.pid ?? 0,
    get readySince() {
      return readySince
    },
    ready,
    ended,
    metricValues: (counts) => metrics.ask((question) => send(worker, { kind: 'sayMetrics', question, counts })),
    send: (order) => send(worker, order),
    kill: (signal) => void worker.process.kill(signal),
  }
}

function send(worker: Worker, order: Order): void {
  if (worker.isConnected()) worker.send(order, () => undefined)
}

/** Whole lines, so that those of several processes do not mix. */
function takeLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
