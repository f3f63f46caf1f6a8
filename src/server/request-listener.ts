/** The addresses that there are, and one form for every refusal. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import cors from 'cors'
import type { Logger } from 'pino'
import { CredentialError, KeysUnavailable } from '../auth/credential-error.ts'
import type { Answer } from './answer.ts'
import { answerOfRefusal, json, send } from './answer.ts'
import { refuseForeignPages } from './foreign-pages.ts'
import type { Endpoint } from './graphql-endpoint.ts'
import type { Health } from './health.ts'
import { Refusal } from './refusal.ts'
import type { RefusedCredentials } from './refused-credentials.ts'

export interface ListenerOptions {
  readonly endpoint: Endpoint
  readonly health: Health
  /** Where pages come from whose scripts may ask. */
  readonly corsOrigins: readonly string[]
  /** Whether no credential is asked for: then only names of this machine are answered to. */
  readonly open: boolean
  readonly refusedCredentials: RefusedCredentials
  readonly logger: Logger
}

const endpointPath = '/graphql'
/** What load balancers ask. */
const probes = new Set(['/health', '/live'])

export function createListener(options: ListenerOptions): RequestListener {
  const allowOrigins = cors({
    origin: [...options.corsOrigins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type'],
    exposedHeaders: ['ratelimit', 'ratelimit-policy', 'retry-after', 'www-authenticate'],
    maxAge: 600,
  })

  const reads = new Map<string, () => Answer | Promise<Answer>>([
    ['/health', options.health],
    ['/live', () => json(200, { status: 'ok' })],
    ['/', () => ({ status: 302, type: undefined, body: Buffer.alloc(0), headers: { location: endpointPath } })],
  ])

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<Answer> => {
    const target = targetOf(request)
    const [path = ''] = target.split('?', 1)
    if (options.open && !(probes.has(path) && lacksHost(request))) checkHost(request)
    if (path === endpointPath) {
      refuseForeignPages(request, options.corsOrigins)
      return options.endpoint(request, response, target === endpointPath ? plainUrl : new URL(target, plainUrl))
    }
    const read = request.method === 'GET' || request.method === 'HEAD' ? reads.get(path) : undefined
    if (read !== undefined) return read()
    throw new Refusal(404, 'NOT_FOUND', `There is nothing here. The API is at ${endpointPath}.`)
  }

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    route(request, response)
      .catch((error: unknown) => answerOfError(error, request, options))
      .then((answer) => send(response, answer))
      .catch((error: unknown) => {
        options.logger.error({ cause: String(error) }, 'An answer could not be sent')
        response.destroy()
      })
  }

  if (options.corsOrigins.length === 0) return handle
  return (request, response) => allowOrigins(request, response, () => handle(request, response))
}

const plainUrl = new URL(endpointPath, 'http://gateway')

/**
 * The path and query as they were sent. Paths are compared before they are normalised, because a proxy that guards /graphql
 * compares them so. A proxy may also send the whole address, which has to name the same host as the header Host.
 */
function targetOf({ url = '/', headers: { host = '' } }: IncomingMessage): string {
  const own = `http://${host}/`
  if (host !== '' && url.slice(0, own.length).toLowerCase() === own.toLowerCase()) return url.slice(own.length - 1)
  return url
}

/** HTTP/1.0, as some load balancers speak it. */
function lacksHost({ headers: { host = '' } }: IncomingMessage): boolean {
  return host === ''
}

/**
 * A page of the web can have its own name lead to this machine, and then ask from inside the user's browser what only this
 * machine may ask. It cannot change the name that the browser sends.
 */
function checkHost({ headers: { host = '' } }: IncomingMessage): void {
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)) return
  throw new Refusal(
    403,
    'FORBIDDEN',
    'Without authentication the gateway answers to localhost only. Ask http://localhost, or configure authentication.',
  )
}

function answerOfError(error: unknown, { headers }: IncomingMessage, options: ListenerOptions): Answer {
  if (error instanceof Refusal) return answerOfRefusal(error)
  if (error instanceof CredentialError) {
    options.refusedCredentials(error.message)
    return answerOfRefusal(unauthenticated(headers.authorization !== undefined))
  }
  if (error instanceof KeysUnavailable) return answerOfRefusal(keysUnavailable)
  options.logger.error({ stack: error instanceof Error ? error.stack : String(error) }, 'A request failed')
  return answerOfRefusal(
    new Refusal(500, 'INTERNAL', 'Something went wrong in the gateway. Its operator finds the cause in the log.'),
  )
}

/** The caller is not told what is wrong with a credential; the operator finds that in the log. */
function unauthenticated(given: boolean): Refusal {
  return new Refusal(
    401,
    'UNAUTHENTICATED',
    given
      ? 'This credential is not accepted. Get a new one from whoever has issued it.'
      : 'Send a credential: the header Authorization: Bearer …',
    { headers: { 'www-authenticate': `Bearer realm="sipis-gateway"${given ? ', error="invalid_token"' : ''}` } },
  )
}

const keysUnavailable = new Refusal(
  503,
  'UNAVAILABLE',
  'The credential cannot be checked now, because the keys to check it with cannot be read. Try again in a moment.',
  { headers: { 'retry-after': '10' } },
)
