import { middle } from './measure.ts'
import type { Query } from './queries.ts'
import { table } from './report.ts'
import type { Samples } from './rounds.ts'

/** CPU time for one request by contender, and how many times as much it is as that of the first one. */
export function cpuTable({ label, what }: Query, samples: Samples): string {
  const rows = [...samples].map(([name, all]) => {
    const { serverCpu = Number.NaN, postgresCpu = Number.NaN } = middle(all)
    return { name, server: serverCpu * 1_000, postgres: postgresCpu * 1_000 }
  })
  const first = rows[0]?.server ?? Number.NaN
  const cells = rows.map(({ name, server, postgres }) => [
    name,
    server.toFixed(0),
    postgres.toFixed(0),
    (server / first).toFixed(2),
  ])
  return `${label}, ${what}\n\n${table(['', 'µs of the server', 'µs of PostgreSQL', 'of the first'], cells)}`
}
