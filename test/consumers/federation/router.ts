import { ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'
import { composeServices, compositionHasErrors } from '@theguild/federation-composition'
import { parse } from 'graphql'
import type { Seen } from '../shared/failures.ts'
import type { GatewayName } from '../shared/gateway.ts'
import { startGateway } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'
import { phonesSdl, servePhones } from './phones.ts'

const sipisSdl = execFileSync(process.execPath, [stage.command, 'schema', '--subgraph'], { encoding: 'utf8' })

export function compose(urls: { readonly sipis?: string; readonly phones?: string } = {}): string {
  const composed = composeServices([
    { name: 'sipis', url: urls.sipis ?? 'http://sipis.invalid', typeDefs: parse(sipisSdl) },
    { name: 'phones', url: urls.phones ?? 'http://phones.invalid', typeDefs: parse(phonesSdl) },
  ])
  if (compositionHasErrors(composed)) throw new Error(composed.errors.map(({ message }) => message).join('\n'))
  ok(composed.supergraphSdl)
  return composed.supergraphSdl
}

export interface Router extends AsyncDisposable {
  ask(query: string, credential: string, variables?: object): Promise<Seen & { readonly ofSipis: number }>
}

/** A router before both subgraphs, which passes on the credential of its callers. */
export async function openRouter(name: GatewayName): Promise<Router> {
  await using stack = new AsyncDisposableStack()
  const settings = { ...stage.settings[name], FEDERATION_SUBGRAPH: 'true' }
  const sipis = stack.use(await startGateway(stage.command, settings))
  const phones = stack.use(await servePhones())
  const requests: string[] = []
  const router = stack.use(
    createGatewayRuntime({
      supergraph: compose({ sipis: sipis.url, phones: phones.url }),
      logging: false,
      maskedErrors: false,
      propagateHeaders: {
        fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') ?? '' }),
      },
      fetchAPI: {
        fetch: async (url, init) => {
          requests.push(url)
          return fetch(url, { method: 'POST', ...init })
        },
      },
    }),
  )
  const ask: Router['ask'] = async (query, credential, variables = {}) => {
    requests.splice(0)
    const response = await router.fetch('http://router/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors = [] }: Partial<Seen> = JSON.parse(await response.text())
    return { data, errors, ofSipis: requests.filter((url) => url === sipis.url).length }
  }
  const opened = stack.move()
  return { ask, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
