import { openPool } from '../../src/database/pool.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import type { Observe } from '../../src/telemetry/observation.ts'
import type { Client, ClientOptions } from './client.ts'
import { openClient } from './client.ts'
import { untilTestEnds } from './database.ts'

export interface Measured {
  readonly client: Client
  /** The response of /metrics. */
  scrape(credential?: string): Promise<Response>
  /** The samples of /metrics by name and labels, as printed. */
  samples(credential?: string): Promise<ReadonlyMap<string, number>>
}

/** A gateway and its database with metrics, connected as in composition.ts. */
export async function openMeasured(
  url: string,
  options: ClientOptions & { readonly listener?: Observe } = {},
): Promise<Measured> {
  const { listener, ...given } = options
  const metrics = createMetrics()
  const observe: Observe = (observation) => {
    metrics.observe(observation)
    listener?.(observation)
  }
  const database = openPool({
    connection: { connectionString: url },
    maxConnections: 4,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 30_000,
    applicationName: 'measured',
    observe,
  })
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  const client = untilTestEnds(await openClient(database, { observe, printMetrics: metrics.print, ...given }))
  const scrape = (credential?: string) =>
    fetch(
      `${client.url}/metrics`,
      credential === undefined ? {} : { headers: { authorization: `Bearer ${credential}` } },
    )
  return {
    client,
    scrape,
    async samples(credential) {
      const text = await (await scrape(credential)).text()
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      return new Map(
        lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
      )
    },
  }
}
