import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'
import { composeServices, compositionHasErrors } from '@theguild/federation-composition'
import { buildSchema, parse } from 'graphql'
import { startGateway } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'
import { phonesSdl, servePhones } from './phones.ts'

const sipisSdl = execFileSync(process.execPath, [stage.command, 'schema', '--subgraph'], { encoding: 'utf8' })

function compose(urls: { readonly sipis?: string; readonly phones?: string } = {}): string {
  const composed = composeServices([
    { name: 'sipis', url: urls.sipis ?? 'http://sipis.invalid', typeDefs: parse(sipisSdl) },
    { name: 'phones', url: urls.phones ?? 'http://phones.invalid', typeDefs: parse(phonesSdl) },
  ])
  if (compositionHasErrors(composed)) throw new Error(composed.errors.map(({ message }) => message).join('\n'))
  ok(composed.supergraphSdl)
  return composed.supergraphSdl
}

/** A router before both subgraphs, which passes on the credential of its callers. */
async function openRouter() {
  await using stack = new AsyncDisposableStack()
  const settings = { ...stage.settings, FEDERATION_SUBGRAPH: 'true' }
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
  const ask = async (query: string, credential: string) => {
    requests.splice(0)
    const response = await router.fetch('http://router/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
      body: JSON.stringify({ query }),
    })
    const answer: { data?: unknown; errors?: { extensions?: { code?: string } }[] } = JSON.parse(await response.text())
    return { ...answer, ofSipis: requests.filter((url) => url === sipis.url).length }
  }
  const opened = stack.move()
  return { ask, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

describe('The subgraph', () => {
  it('composes with another Relay-style subgraph that has messages, settings, a node and a viewer', () => {
    const types = Object.keys(buildSchema(compose(), { assumeValid: true }).getTypeMap())
    for (const name of ['SipisMessage', 'Message', 'SipisSetting', 'Setting', 'Phone', 'PageInfo'])
      ok(types.includes(name))
  })

  it('answers a router by keys that another subgraph has, as far as the caller may read', async () => {
    await using router = await openRouter()
    const query =
      '{ phones { nodes { id setting sipis { name lastSeen calls(first: 1) { totalCount nodes { time } } } } } }'
    const { data, errors, ofSipis } = await router.ask(query, stage.credentials.device)
    deepStrictEqual(errors, undefined)
    const text = JSON.stringify(data)
    ok(text.includes(`"totalCount":${stage.calls}`), text)
    ok(text.includes('"id":"phone:1","setting":"SILENT"'), text)
    // Both phones with one request.
    strictEqual(ofSipis, 1)
  })

  it('answers its own fields of Query, beside those of the other subgraph', async () => {
    await using router = await openRouter()
    const query =
      '{ sipisCalls(first: 2) { nodes { id selector { name } } pageInfo { hasNextPage } } messages { text } }'
    const reader = await router.ask(query, stage.credentials.reader)
    ok(JSON.stringify(reader.data).includes('"hasNextPage":true'))
    const device = await router.ask(query, stage.credentials.device)
    deepStrictEqual(device.data, { sipisCalls: null, messages: [{ text: 'battery low' }] })
    deepStrictEqual(
      device.errors?.map(({ extensions }) => extensions?.code),
      ['FORBIDDEN'],
    )
  })
})
