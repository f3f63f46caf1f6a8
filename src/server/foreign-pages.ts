import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/**
 * Refuses what pages of other origins send. Such a page cannot read the answer, but it could have a query executed, with the
 * rights of this machine where no credential is required. Programs that are not browsers send none of these headers.
 *
 * @param allowed CORS_ORIGINS
 * @throws Refusal 403
 */
export function refuseForeignPages({ headers, method }: IncomingMessage, allowed: readonly string[]): void {
  // A preflight executes nothing.
  if (method === 'OPTIONS') return
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && allowed.includes(origin)) return
  // A page cannot set this header, and a proxy may have changed the header Host.
  if (site === 'same-origin' || (site === 'none' && origin === undefined && !isBlind(headers))) return
  if (site === undefined && !isBlind(headers) && (origin === undefined || isOwn(origin, headers))) return
  if (origin === undefined && isNavigation(method, headers)) return
  throw new Refusal(
    403,
    'FORBIDDEN',
    'Pages of other origins are not answered. Add the origin of the page to CORS_ORIGINS of the gateway.',
  )
}

/** Images, scripts, forms and the like, whose page cannot read the answer. Programs say cors or nothing. */
function isBlind({ 'sec-fetch-mode': mode }: IncomingHttpHeaders): boolean {
  return mode === 'no-cors' || mode === 'websocket'
}

function isOwn(origin: string, { host = '' }: IncomingHttpHeaders): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: found } = new URL(origin)
  const own = `${protocol}//${host}`
  return /^https?:$/.test(protocol) && URL.canParse(own) && new URL(own).host === found
}

/** A link of another page may lead to GraphiQL; a GET by navigation executes nothing. */
function isNavigation(
  method: string | undefined,
  { accept = '', 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document' }: IncomingHttpHeaders,
): boolean {
  return method === 'GET' && mode === 'navigate' && destination === 'document' && accept.includes('text/html')
}
