import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { selectorNamed } from '../support/rows.ts'

const query = `subscription ($name: String!, $since: String) {
  changes(selector: $name, since: $since, first: 100) { events { ... on Call { callId } } token reset } }`

/** A client that follows one selector, and goes on with its token after its connection was lost. */
export class StreamClient {
  readonly selector: string
  /** How often each call has come, by its Call-ID. */
  readonly received = new Map<string, number>()
  readonly latencies: number[] = []
  resets = 0
  isOpen = false
  readonly #port: number
  #token: string | null = null
  #request: ClientRequest | undefined
  #response: IncomingMessage | undefined
  #isStopped = false

  constructor(port: number, number: number) {
    this.#port = port
    this.selector = selectorNamed(number)
  }

  open(): void {
    const body = JSON.stringify({ query, variables: { name: this.selector, since: this.#token } })
    const headers = {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'content-length': Buffer.byteLength(body),
    }
    const options = { port: this.#port, path: '/graphql', method: 'POST', headers, agent: false }
    this.#request = request(options, (response) => this.#read(response))
    this.#request.on('error', () => this.#again())
    this.#request.end(body)
  }

  /** Loses the connection, with all that has not arrived. */
  cut(): void {
    this.#request?.destroy()
  }

  pause(): void {
    this.#response?.pause()
  }

  resume(): void {
    this.#response?.resume()
  }

  stop(): void {
    this.#isStopped = true
    this.cut()
  }

  #read(response: IncomingMessage): void {
    this.#response = response
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const one of parts) if (one.startsWith('event: next')) this.#apply(one.slice(one.indexOf('{')))
    })
    response.once('close', () => this.#again())
    response.on('error', () => undefined)
  }

  #apply(json: string): void {
    const { data, errors } = JSON.parse(json)
    if (errors !== undefined) throw new Error(json)
    this.isOpen = true
    this.#token = data.changes.token
    if (data.changes.reset !== null) this.resets++
    for (const { callId } of data.changes.events) {
      this.received.set(callId, (this.received.get(callId) ?? 0) + 1)
      this.latencies.push(Date.now() - Number(callId.split(' ')[1]))
    }
  }

  #again(): void {
    this.isOpen = false
    this.#response = undefined
    if (!this.#isStopped) setTimeout(() => this.open(), 50).unref()
  }
}
