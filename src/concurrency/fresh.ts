/** Reads at most once in `ms`, however often it is called; calls in between share the result. */
export function createFresh<T>(ms: number, read: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined
  let readAt = 0
  return () => {
    if (found === undefined || performance.now() - readAt >= ms) {
      readAt = performance.now()
      found = read()
    }
    return found
  }
}
