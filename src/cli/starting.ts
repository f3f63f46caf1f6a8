import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { answerOfRefusal, json, send } from '../http/answer.ts'
import { refusalTypeOf } from '../http/graphql/media-type.ts'
import { Refusal } from '../http/refusal.ts'

const notYet = new Refusal(503, 'UNAVAILABLE', 'The gateway is starting. Retry in a few seconds.', {
  headers: { 'retry-after': '2' },
})

/** These answers are small, so their clients take them at once. */
const sending = { stalledMs: 10_000, wholeMs: 10_000, onStalled: () => undefined }

/** Answers while the service is opened: the process is live and not ready. */
export const answerStarting: RequestListener = ({ method, url = '', headers }, response) => {
  const isProbe = (method === 'GET' || method === 'HEAD') && url === '/live'
  const type = url.startsWith('/graphql') ? refusalTypeOf(headers) : undefined
  send(response, isProbe ? json(200, { status: 'ok' }) : answerOfRefusal(notYet, randomUUID(), type), sending)
}
