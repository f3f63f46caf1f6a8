/** Writes a line. `repeated` is the number of equal lines since the last one; 0 for the first. */
export type WriteRepeated<T> = (line: T, repeated: number) => void

export interface Repeats<T> {
  /** Writes the line at once, or counts it if a line with this key was written in the last ten seconds. */
  add(key: string, line: T): void
  /** Writes the current counts. */
  flush(): void
}

const intervalMs = 10_000
/** Further keys share one count, which limits a flood of different lines. */
const maxKeys = 50
const otherKeys = Symbol('other keys')

/** Limits repeated lines: writes the first at once, and further ones as a single line with their number. */
export function createRepeats<T>(write: WriteRepeated<T>, writeOthers: (count: number) => void): Repeats<T> {
  const known = new Map<string | typeof otherKeys, { last: T; repeated: number; timer: NodeJS.Timeout }>()
  const report = (key: string | typeof otherKeys) => {
    const entry = known.get(key)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    known.delete(key)
    if (entry.repeated === 0) return
    if (key === otherKeys) writeOthers(entry.repeated)
    else write(entry.last, entry.repeated)
    remember(key, entry.last, 0)
  }
  const remember = (key: string | typeof otherKeys, last: T, repeated: number) => {
    const timer = setTimeout(() => report(key), intervalMs).unref()
    known.set(key, { last, repeated, timer })
  }
  const count = (key: string | typeof otherKeys, last: T) => {
    const entry = known.get(key)
    if (entry === undefined) return remember(key, last, 1)
    entry.last = last
    entry.repeated++
  }
  return {
    add(key, line) {
      if (known.has(key)) count(key, line)
      else if (known.size >= maxKeys) count(otherKeys, line)
      else {
        remember(key, line, 0)
        write(line, 0)
      }
    },
    flush() {
      for (const key of [...known.keys()]) report(key)
    },
  }
}
