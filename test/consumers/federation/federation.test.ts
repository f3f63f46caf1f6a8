import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { buildSchema } from 'graphql'
import type { Seen } from '../shared/failures.ts'
import { checkFailures } from '../shared/failures.ts'
import type { GatewayName } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'
import { documents, failures } from './failures.ts'
import type { Router } from './router.ts'
import { compose, openRouter } from './router.ts'

const stack = new AsyncDisposableStack()
after(() => stack.disposeAsync())
const routers = new Map<GatewayName, Router>()

/** A router before a gateway with these settings, opened once. */
async function routerOf(name: GatewayName): Promise<Router> {
  const router = routers.get(name) ?? stack.use(await openRouter(name))
  routers.set(name, router)
  return router
}

const codesOf = ({ errors }: Seen) => errors.map(({ extensions }) => extensions?.['code'])

describe('The subgraph', () => {
  it('composes with another Relay-style subgraph that has messages, settings, a node and a viewer', () => {
    const types = Object.keys(buildSchema(compose(), { assumeValid: true }).getTypeMap())
    for (const name of ['SipisMessage', 'Message', 'SipisSetting', 'Setting', 'Phone', 'PageInfo'])
      ok(types.includes(name))
  })

  it('answers a router by keys that another subgraph has, as far as the caller may read', async () => {
    const router = await routerOf('api')
    const query =
      '{ phones { nodes { id setting sipis { name lastSeen calls(first: 1) { totalCount nodes { time } } } } } }'
    const { data, errors, ofSipis } = await router.ask(query, stage.credentials.device)
    deepStrictEqual(errors, [])
    const text = JSON.stringify(data)
    ok(text.includes(`"totalCount":${stage.calls}`), text)
    ok(text.includes('"id":"phone:1","setting":"SILENT"'), text)
    // Both phones with one request.
    strictEqual(ofSipis, 1)
  })

  it('answers its own fields of Query, beside those of the other subgraph', async () => {
    const router = await routerOf('api')
    const query =
      '{ sipisCalls(first: 2) { nodes { id selector { name } } pageInfo { hasNextPage } } messages { text } }'
    const reader = await router.ask(query, stage.credentials.reader)
    ok(JSON.stringify(reader.data).includes('"hasNextPage":true'))
    const device = await router.ask(query, stage.credentials.device)
    deepStrictEqual(device.data, { sipisCalls: null, messages: [{ text: 'battery low' }] })
    deepStrictEqual(codesOf(device), ['FORBIDDEN'])
  })

  checkFailures(async (name, { gateway, credential, variables }) => {
    const router = await routerOf(gateway)
    return router.ask(documents[name], credential, variables)
  }, failures)

  it('has the code of a variable that only the subgraph can refuse', async () => {
    const router = await routerOf('api')
    const query = `query ($name: String!, $since: DateTime) {
      sipisSelector(name: $name) { calls(filter: { since: $since }) { nodes { id } } }
    }`
    const seen = await router.ask(query, stage.credentials.device, { name: stage.selector, since: 'some day' })
    deepStrictEqual([codesOf(seen), seen.ofSipis], [['BAD_USER_INPUT'], 1])
    const enumeration = { name: stage.selector, orderBy: 'SIDEWAYS' }
    strictEqual((await router.ask(documents.BadEnum, stage.credentials.device, enumeration)).ofSipis, 0)
  })

  it('says through the router why a credential is refused', async () => {
    const router = await routerOf('api')
    const reasons = await Promise.all(
      [stage.credentials.expired, 'other'].map(async (credential) => {
        const { errors } = await router.ask(documents.Expired, credential, { name: stage.selector })
        return errors.map(({ extensions }) => extensions?.['reason'])
      }),
    )
    deepStrictEqual(reasons, [['EXPIRED'], ['INVALID']])
  })
})
