import type { TestProject } from 'vitest/node'
import { readJob } from './job.ts'

/** The server and its templates are made once for all processes. */
export default function setup({ provide }: TestProject): void {
  const { serverUrl, run } = readJob()
  provide('serverUrl', serverUrl)
  provide('run', run)
  provide('commandLine', 'src/cli/main.ts')
}
