/** What processes use, as Linux tells it; undefined on other systems. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** In this unit the kernel counts processor time, on every Linux that Node runs on. */
const ticksPerSecond = 100

interface Stat {
  readonly parent: number
  readonly own: number
  readonly ofEndedChildren: number
}

function stat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The name of the program is in brackets, and may have spaces in it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const seconds = (from: number) => (Number(fields[from]) + Number(fields[from + 1])) / ticksPerSecond
  return { parent: Number(fields[1]), own: seconds(11), ofEndedChildren: seconds(13) }
}

/** Processor time of a process since it started, in seconds. */
export function processSeconds(pid: number): number | undefined {
  return stat(pid)?.own
}

/** Processor time of a process and all that it has started, in seconds. */
export function familySeconds(pid: number): number | undefined {
  const parent = stat(pid)
  if (parent === undefined) return undefined
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => stat(Number(name)))
    .filter((child) => child?.parent === pid)
  return children.reduce((sum, child) => sum + (child?.own ?? 0), parent.own + parent.ofEndedChildren)
}

export function parentOf(pid: number): number | undefined {
  return stat(pid)?.parent
}

/** The most memory that the process held since it was last reset, in MB. */
export function peakMegabytes(pid: number): number | undefined {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`) ?? '') ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
}

export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Where that is not allowed, the peak is the one since the start.
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
