import type { GraphQLField } from 'graphql'
import { buildSchema, parse, subscribe } from 'graphql'
import { expect, it } from 'vitest'
import { Forbidden } from '../../src/auth/forbidden.ts'
import type { Scope } from '../../src/auth/principal.ts'
import type { Context } from '../../src/graph/context.ts'
import { requireScope } from '../../src/graph/guard.ts'

function openedStreams(scopes: readonly Scope[]) {
  const schema = buildSchema('type Query { a: Int } type Subscription { calls: Int }')
  const field = schema.getSubscriptionType()?.getFields()['calls'] as GraphQLField<unknown, Context>
  let opened = 0
  field.subscribe = async function* () {
    opened++
    yield { calls: 1 }
  }
  requireScope(field, 'Subscription.calls', ['sipis:read'])
  const contextValue = { principal: { id: 'a', name: 'a', scopes, selector: null } }
  return {
    result: subscribe({ schema, document: parse('subscription { calls }'), contextValue }),
    opened: () => opened,
  }
}

it('A subscription is refused to a caller without its scope before a stream is opened', async () => {
  const { result, opened } = openedStreams(['sipis:own'])
  expect(await result).toMatchObject({ errors: [{ originalError: expect.any(Forbidden) }] })
  expect(opened()).toBe(0)
})

it('A subscription gives its events to a caller with its scope', async () => {
  const { result } = openedStreams(['sipis:read'])
  const events: unknown[] = []
  for await (const event of (await result) as AsyncIterable<unknown>) events.push(event)
  expect(events).toEqual([{ data: { calls: 1 } }])
})
