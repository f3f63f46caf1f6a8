import { write } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

const standardError = 2
/** Before the limit a process ends by itself: it says so, and waits for what other threads have under way. */
const lastLineMs = 200
const threadsMs = 250

/**
 * Has the process end within `ms`, unless it has ended before: with code 1 and a line on standard error. Where even that hangs, such
 * as in a write to a pipe that no process reads, another thread kills it.
 */
export function endWithin(ms: number): void {
  new Worker(`setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${ms})`, { eval: true }).unref()
  setTimeout(
    () => {
      const end = () => void endNow(1)
      setTimeout(end, lastLineMs)
      write(standardError, 'Stopping takes too long; the process ends with parts of it still open.\n', end)
    },
    ms - lastLineMs - 2 * threadsMs,
  ).unref()
}

/**
 * Ends the process, whatever still runs in it.
 *
 * process.exit waits for calls of the operating system that other threads have under way, such as a write to a full pipe or a
 * look-up of a name. Those may never return; then the process kills itself.
 */
export async function endNow(code: number): Promise<void> {
  const end = performance.now() + threadsMs
  while (threadsAreBusy()) {
    if (performance.now() > end) process.kill(process.pid, 'SIGKILL')
    await sleep(10)
  }
  process.exit(code)
}

function threadsAreBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(FSReq|GetAddrInfo|GetNameInfo)/.test(name))
}
