import type { RequestListener } from 'node:http'

/** Holds requests back for a moment, so that the event loop is free for something else. */
export interface Gate {
  readonly handle: RequestListener
  hold(): void
  /** Hands on what was held back. */
  release(): void
}

export function createGate(handler: RequestListener): Gate {
  let held: Parameters<RequestListener>[] | undefined
  return {
    handle(request, response) {
      if (held === undefined) handler(request, response)
      else held.push([request, response])
    },
    hold() {
      held ??= []
    },
    release() {
      const all = held ?? []
      held = undefined
      for (const [request, response] of all) handler(request, response)
    },
  }
}
