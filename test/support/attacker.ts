/** Sends requests that a regular client would not send, and reports their outcomes. */
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { Attack, HostileBytes, HostileRequest } from './hostile-requests.ts'

export interface Outcome {
  /** One entry for each response; empty if the connection was closed without one. */
  readonly statuses: readonly number[]
  readonly text: string
}

export interface Attacker extends Disposable {
  /** Never rejects: a refused or reset connection is an outcome without a status. */
  send(attack: Attack): Promise<Outcome>
}

/** Time limit for responses to invalid bytes; then the connection is closed. */
const patienceMs = 30

export function openAttacker(url: string): Attacker {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })

  const sendRequest = ({ method, path, headers, body }: HostileRequest) =>
    new Promise<Outcome>((resolve) => {
      const length = 'transfer-encoding' in headers || body.length === 0 ? {} : { 'content-length': body.length }
      const sent = request({ hostname, port, agent, method, path, headers: { ...length, ...headers } }, (response) => {
        const parts: Buffer[] = []
        const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true
        const end = () => resolve({ statuses: [response.statusCode ?? 0], text: Buffer.concat(parts).toString() })
        response.on('data', (part: Buffer) => {
          parts.push(part)
          // A stream goes on: its first event is the outcome.
          if (!isStream || !part.includes('\n\n')) return
          end()
          sent.destroy()
        })
        response.once('end', end)
        response.once('error', end)
      })
      sent.once('error', () => resolve({ statuses: [], text: '' }))
      sent.end(body)
    })

  const sendBytes = ({ bytes }: HostileBytes) =>
    new Promise<Outcome>((resolve) => {
      const socket = connect(Number(port), hostname)
      const parts: Buffer[] = []
      socket.on('data', (part) => {
        parts.push(part)
      })
      socket.once('error', () => undefined)
      socket.once('close', () => {
        const text = Buffer.concat(parts).toString('latin1')
        resolve({ statuses: [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status)), text })
      })
      socket.write(bytes)
      setTimeout(() => socket.end(), patienceMs)
    })

  return {
    send: (attack) => ('bytes' in attack ? sendBytes(attack) : sendRequest(attack)),
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** Formats the requests for the message of a failure. */
export function printed(attack: Attack): string {
  if ('bytes' in attack) return `bytes in base64: ${attack.bytes.toString('base64')}`
  const { method, path, headers, body } = attack
  return `${method} ${path} ${JSON.stringify(headers)}\nbody in base64: ${body.toString('base64')}\n${body.toString().slice(0, 2_000)}`
}
