/** Creates Prometheus metrics, and collects their descriptions for the documentation. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { Children } from './children.ts'

export interface MetricDescription {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  readonly help: string
}

interface MetricOptions {
  readonly help: string
  readonly labels?: readonly string[]
}

interface GaugeOptions extends MetricOptions {
  /** What the values of several workers are together; their sum by default. */
  readonly across?: 'sum' | 'max'
  /** Called at each scrape; returns the samples. */
  readonly read: () => Iterable<Sample>
}

/** What the metrics of a process are at one moment, as another process takes it. */
export type MetricValues = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Increments a counter, or observes a value in a histogram. */
export type Add = (amount: number, ...labels: readonly string[]) => void

/** A value and its label values. */
export type Sample = readonly [value: number, ...labels: string[]]

/** Metrics in a registry of their own, because a program that embeds the gateway may use the default one. */
export class Instruments {
  readonly #registry = new Registry()
  readonly descriptions: MetricDescription[] = []

  /** Adds prom-client's default metrics of the process: event loop, heap, handles, CPU. */
  measureProcess(): void {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** Counted in numbers of its own, because prom-client makes a key of the labels for each increment. */
  counter(name: string, options: MetricOptions): Add {
    const sums = new Children(() => ({ amount: 0 }))
    const counter = new Counter({
      ...this.#describe(name, 'counter', options),
      collect: () => {
        counter.reset()
        for (const { labels, child } of sums.all) counter.labels(...labels).inc(child.amount)
      },
    })
    return (amount, ...labels) => {
      sums.of(labels).amount += amount
    }
  }

  /** @param buckets in seconds */
  histogram(name: string, { buckets, ...options }: MetricOptions & { readonly buckets: readonly number[] }): Add {
    const histogram = new Histogram({ ...this.#describe(name, 'histogram', options), buckets: [...buckets] })
    const children = new Children((labels) => histogram.labels(...labels))
    return (amount, ...labels) => children.of(labels).observe(amount)
  }

  gauge(name: string, { read, across = 'sum', ...options }: GaugeOptions): void {
    const gauge = new Gauge({
      ...this.#describe(name, 'gauge', options),
      aggregator: across,
      collect: () => {
        // reset() sets a gauge without labels to 0; remove() makes it absent.
        if (options.labels === undefined) gauge.remove()
        else gauge.reset()
        for (const [value, ...labels] of read()) gauge.labels(...labels).set(value)
      },
    })
  }

  print(): Promise<string> {
    return this.#registry.metrics()
  }

  values(): Promise<MetricValues> {
    return this.#registry.getMetricsAsJSON()
  }

  #describe(name: string, type: MetricDescription['type'], { help, labels = [] }: MetricOptions) {
    this.descriptions.push({ name, type, labels, help })
    return { name, help, labelNames: [...labels], registers: [this.#registry] }
  }
}
