/** Sends requests at a steady rate, independent of earlier responses. */
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface LoadOutcome {
  /** Requests with a complete response, including 503 of an overloaded machine. */
  readonly answered: number
  /** Requests whose connection was refused, so that a client can safely retry them elsewhere. */
  readonly refused: number
  /** Connections that were reset before they received data. */
  readonly reset: number
  /** Outcomes of all other requests. */
  readonly broken: readonly string[]
}

export interface Load {
  readonly answered: number
  /** Stops sending. Resolves when each request has its outcome. */
  stop(): Promise<LoadOutcome>
}

export function startLoad(url: string, { perSecond, keepAlive }: { perSecond: number; keepAlive: boolean }): Load {
  const agent = new Agent({ keepAlive, maxSockets: 256 })
  const pending = new Set<Promise<void>>()
  const broken: string[] = []
  let answered = 0
  let refused = 0
  let reset = 0
  const send = () => {
    const sent = ask(`${url}/graphql`, agent).then(
      () => {
        answered++
      },
      (error: unknown) => {
        const failure = error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error)
        if (failure.startsWith('ECONNREFUSED')) refused++
        else if (failure.startsWith('ECONNRESET') && failure.endsWith(isNew)) reset++
        else broken.push(failure)
      },
    )
    pending.add(sent)
    void sent.then(() => pending.delete(sent))
  }
  const timer = setInterval(send, 1_000 / perSecond)
  return {
    get answered() {
      return answered
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(pending)
      agent.destroy()
      return { answered, refused, reset, broken }
    },
  }
}

const isNew = ', on a new connection'
const body = JSON.stringify({ query: '{ selectors(first: 2) { nodes { id } } }' })

/** Rejects if the response is incomplete. */
function ask(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      text(response).then((answer) => {
        if (answer.endsWith('}')) resolve()
        else reject(new Error(`the answer is ${answer}`))
      }, reject)
    })
    sent.once('error', (error) => {
      if (!sent.reusedSocket) error.message += isNew
      reject(error)
    })
    sent.end(body)
  })
}
