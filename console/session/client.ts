import { Client, fetchExchange, mapExchange } from 'urql'
import { problemsOf } from '../parts/problem.ts'

/** The endpoint of the API, on the host that the page came from. */
export const endpoint = '/graphql'

/** The credential goes into a header of each request, and nowhere else. */
export function headersOf(credential: string | undefined): Record<string, string> {
  return credential === undefined ? {} : { authorization: `Bearer ${credential}` }
}

/**
 * A client that asks for documents by their ids and keeps no answers: a support call needs what is stored now.
 *
 * @param onRefused called with the reason when the gateway does not accept the credential
 */
export function createGatewayClient(credential: string | undefined, onRefused: (reason: string) => void): Client {
  return new Client({
    url: endpoint,
    preferGetMethod: false,
    requestPolicy: 'network-only',
    exchanges: [
      mapExchange({
        onResult({ error }) {
          const refused = problemsOf(error).find(({ code }) => code === 'UNAUTHENTICATED')
          if (refused !== undefined) onRefused(refused.reason ?? 'INVALID')
        },
      }),
      fetchExchange,
    ],
    fetchOptions: { credentials: 'omit', headers: headersOf(credential) },
  })
}
