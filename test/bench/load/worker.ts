/**
 * The load, in a process of its own so that it does not wait for what it measures. Each connection asks again as soon as it
 * has its answer.
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
      const answer = await client.request({ path: '/graphql', method: 'POST', headers, body })
      const text = await answer.body.text()
      latencies.push(performance.now() - asked)
      if (answer.statusCode !== 200 || text.includes('"errors"')) failure = `${answer.statusCode} ${text.slice(0, 500)}`
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
