/** Prometheus' kinds of metrics, with what the documents say of each. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricDescription {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

interface About {
  readonly help: string
  readonly labels?: readonly string[]
}

/** Adds to a counter, or to a histogram. */
export type Add = (amount: number, ...labels: readonly string[]) => void

/** A value and its labels. */
export type Sample = readonly [value: number, ...labels: string[]]

/** A registry of its own, because a program that embeds the gateway may have another one. */
export class Instruments {
  readonly #registry = new Registry()
  readonly descriptions: MetricDescription[] = []

  /** Of the process: event loop, heap, handles, processor. */
  measureProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  counter(name: string, about: About): Add {
    const counter = new Counter(this.#describe(name, 'counter', about))
    const children = new Map<string, Counter.Internal>()
    return (amount, ...labels) => childOf(children, labels, () => counter.labels(...labels)).inc(amount)
  }

  /** @param buckets in seconds */
  histogram(name: string, { buckets, ...about }: About & { readonly buckets: readonly number[] }): Add {
    const histogram = new Histogram({ ...this.#describe(name, 'histogram', about), buckets: [...buckets] })
    const children = new Map<string, Histogram.Internal<string>>()
    return (amount, ...labels) => childOf(children, labels, () => histogram.labels(...labels)).observe(amount)
  }

  /** `read` gives the samples at each scrape. */
  gauge(name: string, { read, ...about }: About & { readonly read: () => Iterable<Sample> }): void {
    const gauge = new Gauge({
      ...this.#describe(name, 'gauge', about),
      collect: () => {
        // One without labels would be 0 after a reset.
        if (about.labels === undefined) gauge.remove()
        else gauge.reset()
        for (const [value, ...labels] of read()) gauge.labels(...labels).set(value)
      },
    })
  }

  print(): Promise<string> {
    return this.#registry.metrics()
  }

  #describe(name: string, type: MetricDescription['type'], { help, labels = [] }: About) {
    this.descriptions.push({ name, type, labels, help })
    return { name, help, labelNames: [...labels], registers: [this.#registry] }
  }
}

/** prom-client looks up the labels each time; this is several times as fast. */
function childOf<Child>(children: Map<string, Child>, labels: readonly string[], make: () => Child): Child {
  const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\n')
  const child = children.get(key) ?? make()
  children.set(key, child)
  return child
}
