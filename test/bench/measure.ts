import type { Job } from './load/job.ts'
import type { LoadProcess } from './load-process.ts'
import { medianOf } from './median.ts'
import { familySeconds, peakMegabytes, processSeconds, resetPeak } from './process-usage.ts'
import type { Runner } from './runner.ts'

/** One measurement of one contender. */
export interface Sample {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU time per thousand requests, in seconds: of the server, and of PostgreSQL. */
  readonly serverCpu: number | undefined
  readonly postgresCpu: number | undefined
  readonly peakMegabytes: number | undefined
}

export interface Meter {
  readonly load: LoadProcess
  readonly postmaster: number | undefined
}

export async function measure({ load, postmaster }: Meter, { pid }: Runner, job: Job): Promise<Sample> {
  const ofPostgres = () => (postmaster === undefined ? undefined : familySeconds(postmaster))
  resetPeak(pid)
  const before = { server: processSeconds(pid), postgres: ofPostgres() }
  const { requests, seconds, p50, p99 } = await load.run(job)
  const perThousand = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? undefined : ((to - from) / requests) * 1000
  return {
    perSecond: requests / seconds,
    p50,
    p99,
    serverCpu: perThousand(before.server, processSeconds(pid)),
    postgresCpu: perThousand(before.postgres, ofPostgres()),
    peakMegabytes: peakMegabytes(pid),
  }
}

/** The median of each figure over the rounds; the maximum of memory. */
export function middle(samples: readonly Sample[]): Sample {
  const of = (figure: (sample: Sample) => number | undefined) => medianOf(samples.map(figure))
  const peaks = samples.map((sample) => sample.peakMegabytes).filter((peak) => peak !== undefined)
  return {
    perSecond: of(({ perSecond }) => perSecond) ?? 0,
    p50: of(({ p50 }) => p50) ?? 0,
    p99: of(({ p99 }) => p99) ?? 0,
    serverCpu: of(({ serverCpu }) => serverCpu),
    postgresCpu: of(({ postgresCpu }) => postgresCpu),
    peakMegabytes: peaks.length === 0 ? undefined : Math.max(...peaks),
  }
}
