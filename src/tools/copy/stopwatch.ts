/** Returns a function that returns the seconds since its previous call. */
export function stopwatch(): () => number {
  let since = performance.now()
  return () => {
    const before = since
    since = performance.now()
    return (since - before) / 1000
  }
}
