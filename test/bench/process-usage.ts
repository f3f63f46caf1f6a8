/** Resource usage of processes on Linux; undefined on other systems. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** The unit of CPU time in /proc, on every Linux that Node supports. */
const ticksPerSecond = 100

interface Stat {
  readonly parent: number
  readonly own: number
  readonly ofEndedChildren: number
}

function stat(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  // The program name is in parentheses, and may contain spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const seconds = (from: number) => (Number(fields[from]) + Number(fields[from + 1])) / ticksPerSecond
  return { parent: Number(fields[1]), own: seconds(11), ofEndedChildren: seconds(13) }
}

/** CPU time of a process since its start, in seconds. */
export function processSeconds(pid: number): number | undefined {
  return stat(pid)?.own
}

/** CPU time of a process and its child processes, in seconds. */
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

/** Peak memory of the process since the last reset, in MB. */
export function peakMegabytes(pid: number): number | undefined {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`) ?? '') ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
}

export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Without permission to reset, the peak is that since the start.
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
