import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { anonymousPrincipal } from '../../../src/auth/principal.ts'
import { openClient } from '../../support/client.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'

async function reader() {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const database = openReader(own.url)
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  return database
}

it('A request whose caller is not authenticated within LIMIT_OPERATION_MS is 503 with Retry-After', async () => {
  const client = untilTestEnds(
    await openClient(await reader(), {
      authenticate: () => new Promise(() => undefined),
      limits: { operationMs: 200 },
    }),
  )
  const answer = await fetch(`${client.url}/graphql?query={__typename}`, { headers: { accept: 'application/json' } })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await answer.json()).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE', setting: 'LIMIT_OPERATION_MS' } }],
  })
})

it('LIMIT_OPERATION_MS does not include the time in which a client sends its body', async () => {
  const client = untilTestEnds(
    await openClient(await reader(), { authenticate: async () => anonymousPrincipal, limits: { operationMs: 300 } }),
  )
  const body = JSON.stringify({ query: '{ selectors { totalCount } }' })
  const socket = connect(Number(new URL(client.url).port), '127.0.0.1')
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  for (const piece of body.match(/.{1,10}/g) ?? []) {
    await new Promise((resolve) => setTimeout(resolve, 150))
    socket.write(piece)
  }
  expect(await text(socket)).toMatch(/"totalCount":0/)
})
