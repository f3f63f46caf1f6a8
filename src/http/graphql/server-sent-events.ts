/** The frames of Server-Sent Events, as graphql-sse's distinct connections have them: one stream for each request. */
import type { StreamEvent } from './streams.ts'

/** A comment, which keeps the connection open. */
const heartbeat = ':\n\n'
const complete = 'event: complete\ndata:\n\n'

function next(result: string): string {
  return `event: next\ndata: ${result}\n\n`
}

/** A result that is sent as a stream of one. */
export function streamOfOne(result: string): string {
  return next(result) + complete
}

export async function* framed(events: AsyncGenerator<StreamEvent>): AsyncGenerator<string> {
  for await (const event of events) yield event === 'heartbeat' ? heartbeat : next(JSON.stringify(event))
  yield complete
}
