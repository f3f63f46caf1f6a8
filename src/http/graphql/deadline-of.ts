import type { ServerResponse } from 'node:http'

/** Creates a signal that is aborted after `ms` milliseconds, or when the connection closes before the response. */
export function deadlineOf(response: ServerResponse, ms: number): Disposable & { readonly signal: AbortSignal } {
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = setTimeout(end, ms)
  response.once('close', end)
  // The caller may have disconnected during authentication; 'close' is not emitted again.
  if (response.destroyed) end()
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      response.off('close', end)
    },
  }
}
