import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/**
 * Rejects requests that browsers send on behalf of pages of other origins. Such a page cannot read the response, but it could
 * trigger the execution of a query. Clients other than browsers send none of these headers.
 *
 * @param allowed CORS_ORIGINS
 * @throws Refusal 403
 */
export function refuseForeignPages({ headers, method }: IncomingMessage, allowed: readonly string[]): void {
  // Preflight requests execute nothing.
  if (method === 'OPTIONS') return
  const { origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && allowed.includes(origin)) return
  // Preferred over comparing Origin with Host, because pages cannot set it and a proxy may change Host.
  if (site === 'same-origin' || (site === 'none' && origin === undefined && !isBlind(headers))) return
  if (site === undefined && !isBlind(headers) && (origin === undefined || isOwn(origin, headers))) return
  if (origin === undefined && isNavigation(method, headers)) return
  throw new Refusal(
    403,
    'FORBIDDEN',
    'Requests from pages of other origins are not allowed. Add the origin of the page to CORS_ORIGINS.',
  )
}

/** Whether the request comes from an image, script, form or the like, whose page cannot read the response. */
function isBlind({ 'sec-fetch-mode': mode }: IncomingHttpHeaders): boolean {
  return mode === 'no-cors' || mode === 'websocket'
}

function isOwn(origin: string, { host = '' }: IncomingHttpHeaders): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: found } = new URL(origin)
  const own = `${protocol}//${host}`
  return /^https?:$/.test(protocol) && URL.canParse(own) && new URL(own).host === found
}

/** Whether the user follows a link, for example to GraphiQL. Navigation requests execute nothing. */
function isNavigation(
  method: string | undefined,
  { accept = '', 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document' }: IncomingHttpHeaders,
): boolean {
  return method === 'GET' && mode === 'navigate' && destination === 'document' && accept.includes('text/html')
}
