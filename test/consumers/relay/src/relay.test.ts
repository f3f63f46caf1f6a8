import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Window } from 'happy-dom'
import { act, createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { RelayEnvironmentProvider } from 'react-relay'
import { fetchQuery } from 'relay-runtime'
import type { Seen } from '../../shared/failures.ts'
import { checkFailures } from '../../shared/failures.ts'
import { startGateway } from '../../shared/gateway.ts'
import { concludePushTest, ownOf, storePushTest, until as untilStored } from '../../shared/sipis.ts'
import { stage } from '../../shared/stage.ts'
import { withoutCatches } from './caught.ts'
import type { Target } from './environment.ts'
import { environmentOf, manifest } from './environment.ts'
import { failing } from './failures.ts'
import type { Rendered } from './history.ts'
import { History } from './history.ts'
import { subscribe, watchPushTest } from './subscription.ts'

const window = new Window()
before(() => void Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true }))
after(() => window.happyDOM.close())

const until = async (isReached: () => boolean) => {
  for (let n = 0; !isReached(); n++) {
    if (n > 500) throw new Error('It did not happen within 5 seconds.')
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)))
  }
}

/** Renders the history, reads it to its end, and refetches it. Returns the operations that were sent. */
async function readHistory(target: Target): Promise<string[]> {
  const sent: string[] = []
  const environment = environmentOf({ ...target, onRequest: (name) => void sent.push(name) })
  const rendered: Rendered[] = []
  const last = () => {
    const [found] = rendered.slice(-1)
    ok(found)
    return found
  }
  const history = createElement(History, { name: stage.selector, onRender: (one) => void rendered.push(one) })
  const container = window.document.createElement('div') as unknown as Element
  const root = createRoot(container)
  // biome-ignore lint/correctness/noChildrenProp: the type of the provider requires this property.
  const provider = createElement(RelayEnvironmentProvider, { environment, children: history })
  await act(async () => root.render(provider))
  await until(() => rendered.length > 0)
  while (last().hasNext) {
    const before = last().times.length
    await act(async () => void last().loadNext(20))
    await until(() => last().times.length > before)
  }
  strictEqual(last().times.length, stage.calls)
  deepStrictEqual(last().times, last().times.toSorted().toReversed())
  await act(async () => last().refetch())
  await until(() => last().times.length === 20)
  await act(async () => root.unmount())
  return sent
}

const device = stage.credentials.device

describe('Relay', () => {
  it('reads a connection to its end with usePaginationFragment, and refetches it by node', async () => {
    const pages = ['historyQuery', 'historyPageQuery', 'historyPageQuery']
    deepStrictEqual(await readHistory({ url: stage.urls.api, credential: device }), [...pages, 'historyPageQuery'])
  })

  it('has all its documents trusted by its manifest', async () => {
    const settings = { ...stage.settings.api, TRUSTED_DOCUMENTS: manifest, TRUSTED_ONLY: 'true' }
    await using gateway = await startGateway(stage.command, settings)
    strictEqual((await readHistory({ url: gateway.url, credential: device, byId: true })).length, 4)
  })

  it('takes the events of a subscription over graphql-sse as updates by id, without another request', async () => {
    const { selector, credential } = ownOf('relay')
    await storePushTest(selector, 'relay')
    const sent: string[] = []
    const environment = environmentOf({ url: stage.urls.api, credential, onRequest: (name) => void sent.push(name) })
    const shown: (string | null | undefined)[] = []
    await watchPushTest(environment, { name: selector, pushId: 'relay' }, (concluded) => void shown.push(concluded))
    const tokens: string[] = []
    const end = subscribe(environment, selector, (token) => void tokens.push(token))
    await untilStored('a token', () => tokens.length === 1)
    await concludePushTest('relay')
    await untilStored('the push test has concluded', () => shown.length === 2)
    deepStrictEqual(
      shown.map((concluded) => typeof concluded),
      ['object', 'string'],
    )
    deepStrictEqual(sent, ['subscriptionPushTestsQuery'])
    end()
  })

  checkFailures(async (name, { variables, ...target }) => {
    const errors: Seen['errors'][number][] = []
    try {
      const data = await fetchQuery(environmentOf(target), failing[name], variables).toPromise()
      return { data: withoutCatches(data, errors), errors }
    } catch (error) {
      // Without data, Relay throws the whole payload.
      const { source } = { source: { errors: [] }, ...Object(error) }
      return { data: null, errors: source.errors }
    }
  })
})
