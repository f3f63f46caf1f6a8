/** Sends what no honest client would, and tells what became of it. */
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { Attack, HostileBytes, HostileRequest } from './hostile-requests.ts'

export interface Outcome {
  /** Of each answer that came; none where the connection was ended without one. */
  readonly statuses: readonly number[]
  readonly text: string
}

export interface Attacker extends Disposable {
  /** Never fails: a connection that is refused or reset is an outcome without a status. */
  send(attack: Attack): Promise<Outcome>
}

/** How long bytes that may be no request are given for an answer before their connection is ended. */
const patienceMs = 30

export function openAttacker(url: string): Attacker {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })

  const sendRequest = ({ method, path, headers, body }: HostileRequest) =>
    new Promise<Outcome>((resolve) => {
      const length = 'transfer-encoding' in headers || body.length === 0 ? {} : { 'content-length': body.length }
      const sent = request({ hostname, port, agent, method, path, headers: { ...length, ...headers } }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        const end = () => resolve({ statuses: [response.statusCode ?? 0], text: Buffer.concat(parts).toString() })
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

/** As a failure shows it. */
export function printed(attack: Attack): string {
  if ('bytes' in attack) return `bytes in base64: ${attack.bytes.toString('base64')}`
  const { method, path, headers, body } = attack
  return `${method} ${path} ${JSON.stringify(headers)}\nbody in base64: ${body.toString('base64')}\n${body.toString().slice(0, 2_000)}`
}
