import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Job, Line } from './job.ts'

interface Patience {
  /** What a single test may take: a fault that makes it wait for ever is noticed by that. */
  readonly testMs: number
  /** How long a job may write nothing. */
  readonly silenceMs: number
}

/** Runs a job to its end, or until it has been silent for too long. Returns what it wrote. */
export async function runJob(job: Job, { testMs, silenceMs }: Patience): Promise<readonly Line[]> {
  const file = `${job.results}.job`
  writeFileSync(file, JSON.stringify(job))
  rmSync(job.results, { force: true })
  const child = spawn('vitest', ['run', '--config', 'test/mutation/vitest.config.ts'], {
    env: { ...process.env, MUTATION_JOB: file, MUTATION_TEST_MS: String(testMs) },
    stdio: process.env['MUTATION_LOG'] === undefined ? 'ignore' : 'inherit',
    detached: true,
  })
  const closed = once(child, 'close')
  // The whole group, because Vitest's worker may be in an endless loop.
  const kill = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
  process.once('exit', kill)
  let known = -1
  let since = performance.now()
  const watch = setInterval(() => {
    const { length } = linesOf(job.results)
    if (length !== known) since = performance.now()
    known = length
    if (performance.now() - since > silenceMs) kill()
  }, 1_000)
  await closed
  clearInterval(watch)
  process.off('exit', kill)
  const lines = linesOf(job.results)
  for (const path of [file, job.results]) rmSync(path, { force: true })
  return lines
}

export function linesOf(path: string): readonly Line[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
