const started = performance.now()

export function say(text: string): void {
  process.stdout.write(`[${minutes(performance.now() - started)}] ${text}\n`)
}

/** Estimates the remaining time from the progress so far. Work is measured in milliseconds of the tests alone. */
export type Pace = ReturnType<typeof openPace>

export function openPace() {
  const begun = performance.now()
  let done = 0
  return {
    add(work: number): void {
      done += work
    },
    /** An upper bound, because a detected mutant needs no further tests. */
    left(work: number): string {
      if (done === 0) return 'time left unknown'
      return `at most ${minutes((work * (performance.now() - begun)) / done)} left`
    },
  }
}

function minutes(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
