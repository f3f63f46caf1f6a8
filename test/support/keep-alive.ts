/** Sends operations over keep-alive connections, which is several times faster than fetch. */
import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'

export interface Asker extends Disposable {
  /** The parsed response, for any status. */
  ask(question: object, credential: string): Promise<object>
}

export function openAsker(url: string, connections: number): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    ask: (question, credential) =>
      new Promise((resolve, reject) => {
        const body = JSON.stringify(question)
        const headers = {
          authorization: `Bearer ${credential}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }
        const sent = request(`${url}/graphql`, { agent, method: 'POST', headers }, (response) => {
          json(response).then((answer) => {
            if (typeof answer === 'object' && answer !== null) resolve(answer)
            else reject(new Error(`The answer is ${String(answer)}.`))
          }, reject)
        })
        sent.once('error', reject)
        sent.end(body)
      }),
    [Symbol.dispose]: () => agent.destroy(),
  }
}
