import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Job, Line } from './job.ts'

interface Patience {
  /** Time limit of a test, which detects faults that cause endless waiting. */
  readonly testMs: number
  /** Time limit for a job without output. */
  readonly silenceMs: number
}

/** Runs a job until it ends or produces no output for too long. Returns its output. */
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
  // Kills the process group, because Vitest's worker may be in an endless loop.
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
