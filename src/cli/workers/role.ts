/** What a process does as one of several workers. */
import type { Service } from '../../composition.ts'
import type { Order, Report, Serving } from './messages.ts'
import { workerVariable } from './messages.ts'
import { createQuestions } from './questions.ts'

export interface WorkerRole {
  readonly number: number
  /** Whether other workers answer on the port already, so that it listens only when it can serve. */
  readonly joins: boolean
  /** Resolves when it is to stop. */
  readonly stopped: Promise<NodeJS.Signals>
  /** The metrics of all workers. */
  printMetrics(): Promise<string>
  /** Says that it accepts requests, and takes orders from now on. */
  serve(service: Pick<Service, 'reopenFiles' | 'metricValues'>, serving: Serving): void
}

/** More than it takes the process that starts the workers to ask all of them. */
const printWithinMs = 8_000

/** The role of this process; undefined if it is the only one. */
export function workerRole(): WorkerRole | undefined {
  const text = process.env[workerVariable]
  if (text === undefined || process.send === undefined) return undefined
  delete process.env[workerVariable]
  const [number, joins] = text.split(' ')
  const printed = createQuestions<string>(printWithinMs)
  let stop: (signal: NodeJS.Signals) => void = () => undefined
  let served: Pick<Service, 'reopenFiles' | 'metricValues'> | undefined
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    stop = resolve
  })
  process.on('message', (order: Order) => {
    if (order.kind === 'stop') stop(order.signal)
    else if (order.kind === 'reopenFiles') served?.reopenFiles()
    else if (order.kind === 'printed') printed.answer(order.question, order.text)
    else if (order.kind === 'sayMetrics') void sayMetrics(served, order.question, order.counts)
  })
  return {
    number: Number(number),
    joins: joins === 'joins',
    stopped,
    async printMetrics() {
      return (await printed.ask((question) => report({ kind: 'printMetrics', question }))) ?? ''
    },
    serve(service, serving) {
      served = service
      report({ kind: 'ready', serving })
    },
  }
}

async function sayMetrics(
  service: Pick<Service, 'metricValues'> | undefined,
  question: number,
  counts: boolean,
): Promise<void> {
  report({ kind: 'metrics', question, values: (await service?.metricValues(counts)) ?? [] })
}

/** A process without the one that started it ends by itself. */
function report(message: Report): void {
  process.send?.(message, undefined, undefined, () => undefined)
}
