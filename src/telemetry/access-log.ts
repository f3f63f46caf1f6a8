import type { Observe, RequestEnded } from './observation.ts'

/** Creates the listener that writes one line of JSON for each request. */
export function createAccessLog(write: (line: string) => void): Observe {
  return (observation) => {
    if (observation.kind === 'requestEnded') write(lineOf(observation))
  }
}

function lineOf({ kind: _, durationMs, limits: __, status, ...request }: RequestEnded): string {
  const time = new Date().toISOString()
  return `${JSON.stringify({ access: true, time, ...request, status: status ?? null, ms: Math.round(durationMs * 10) / 10 })}\n`
}
