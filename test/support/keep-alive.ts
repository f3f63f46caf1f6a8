/** Sends operations over keep-alive connections, which is several times faster than fetch. */
import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'

export interface Asker extends Disposable {
  /** The parsed response, for any status. */
  ask(question: object, credential: string): Promise<object>
}

export function openAsker(url: string, connections: number): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const ask = (question: object, credential: string): Promise<object> =>
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
      sent.once('error', (error) => {
        // The server may close an idle connection in the moment in which it is used again.
        if (sent.reusedSocket && 'code' in error && error.code === 'ECONNRESET') resolve(ask(question, credential))
        else reject(error)
      })
      sent.end(body)
    })
  return { ask, [Symbol.dispose]: () => agent.destroy() }
}
