/** Points that were counted for a key in its present window. */
export interface Counted {
  readonly consumedPoints: number
  /** Until the window ends. */
  readonly msBeforeNext: number
}

interface Window {
  points: number
  readonly startedAt: number
}

/** Counts points by key in memory. The window of a key begins with its first points, and is forgotten when it has ended. */
export function createWindows(seconds: number): (key: number, points: number) => Counted {
  const ms = seconds * 1_000
  /** In the order of their ends, because all last as long. */
  const windows = new Map<number, Window>()
  const forgetEnded = (now: number) => {
    for (const [key, { startedAt }] of windows) {
      if (now - startedAt < ms) return
      windows.delete(key)
    }
  }
  return (key, points) => {
    const now = performance.now()
    forgetEnded(now)
    let window = windows.get(key)
    if (window === undefined) {
      window = { points: 0, startedAt: now }
      windows.set(key, window)
    }
    window.points += points
    return { consumedPoints: window.points, msBeforeNext: ms - (now - window.startedAt) }
  }
}
