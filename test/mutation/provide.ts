import type { TestProject } from 'vitest/node'
import { readJob } from './job.ts'

/** Creates the server and its templates once for all processes. */
export default function setup({ provide }: TestProject): void {
  const { serverUrl, run } = readJob()
  provide('serverUrl', serverUrl)
  provide('run', run)
}
