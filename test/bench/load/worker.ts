/**
 * Generates the load in a separate process, so that it does not wait for what it measures. Each connection sends the next request
 * as soon as it has a response.
 */
import { Client } from 'undici'
import type { Job, Load } from './job.ts'

process.on('message', (job: Job) => {
  void drive(job).then((load) => process.send?.(load))
})

async function drive(job: Job): Promise<Load> {
  const { origin, headers, bodies, connections, seconds } = job
  const latencies: number[] = []
  let failure: string | undefined
  let next = 0
  const started = performance.now()
  const end = started + seconds * 1000
  const caller = async () => {
    const client = new Client(origin)
    while (performance.now() < end && failure === undefined) {
      const asked = performance.now()
      const body = bodies[next++ % bodies.length] ?? ''
      failure = await ask(client, headers, body)
      latencies.push(performance.now() - asked)
    }
    await client.close()
  }
  await Promise.all(Array.from({ length: connections }, caller)).catch((error: unknown) => {
    failure = String(error)
  })
  const took = (performance.now() - started) / 1000
  latencies.sort((a, b) => a - b)
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0
  return { requests: latencies.length, seconds: took, p50: percentile(0.5), p99: percentile(0.99), failure }
}

/**
 * Returns the defect of a response. Scans bytes as they arrive without decoding them: the load shares the processors with the
 * servers, and its own CPU time would hide differences between them.
 */
function ask(client: Client, headers: Job['headers'], body: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let status = 0
    let failure: string | undefined
    client.dispatch(
      { path: '/graphql', method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_, code) => {
          status = code
        },
        onResponseData: (_, chunk) => {
          if (status !== 200 || chunk.includes('"errors"')) failure ??= `${status} ${chunk.toString().slice(0, 500)}`
        },
        onResponseEnd: () => resolve(status === 200 ? failure : (failure ?? String(status))),
        onResponseError: (_, error) => reject(error),
      },
    )
  })
}
