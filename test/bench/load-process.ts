import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Job, Load } from './load/job.ts'

/** The load process. Reused for all jobs, so that its code stays compiled. */
export interface LoadProcess extends Disposable {
  run(job: Job): Promise<Load>
}

export function startLoad(): LoadProcess {
  const child = fork(fileURLToPath(new URL('load/worker.ts', import.meta.url)))
  return {
    async run(job) {
      child.send(job)
      const [load]: Load[] = await once(child, 'message')
      if (load === undefined) throw new Error('The load process said nothing.')
      if (load.failure !== undefined) throw new Error(`An answer was wrong: ${load.failure}`)
      return load
    },
    [Symbol.dispose]: () => child.kill(),
  }
}
