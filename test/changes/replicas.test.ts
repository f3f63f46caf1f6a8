import pg from 'pg'
import { expect, it } from 'vitest'
import { untilTestEnds } from '../support/database.ts'
import { pauseReplay, startOwnServer } from '../support/postgres.ts'
import { selectorNamed } from '../support/rows.ts'
import { until } from '../support/until.ts'
import type { Door } from './clients.ts'
import { askChanges, stampOf } from './clients.ts'
import { fill, openDoor } from './cluster.ts'
import { openSession } from './session.ts'
import { insertion } from './tables.ts'

it('A first token, of a query or a subscription, leaves nothing out that lists of a standby lack', async () => {
  const server = untilTestEnds(await startOwnServer())
  await fill(server.url, 'V2', 1)
  const standby = untilTestEnds(await server.standby())
  const door = await openDoor(server.url, standby.url)
  const onStandby = new pg.Client(standby.url)
  await onStandby.connect()
  untilTestEnds({ [Symbol.asyncDispose]: () => onStandby.end() })
  const calls = async () => (await door.gateway.ask(`{ selector(name: "${name}") { calls { totalCount } } }`)).selector
  await until('the standby has the selector', async () => (await calls()) !== null)
  await pauseReplay(onStandby)
  await using primary = openSession(server.url)
  await primary.query(insertion('V2', { kind: 'CALL', selector: 1, stamp: 'late', rows: 1, time: "'2026-01-01'" }))
  await until('lists come from the standby', async () => (await calls()).calls.totalCount === 0)
  const tokens = [(await askChanges(door, 1)).token, await tokenOfSubscription(door)]
  await onStandby.query('SELECT pg_wal_replay_resume()')
  for (const since of tokens)
    await until('the call comes', async () => {
      const { events } = await askChanges(door, 1, { since })
      return events.map(stampOf).includes('late.1')
    })
  expect((await calls()).calls.totalCount).toBe(1)
})

const name = selectorNamed(1)

async function tokenOfSubscription({ gateway }: Door): Promise<string> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: `subscription { changes(selector: "${name}") { token } }` }),
  })
  let text = ''
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString()
    const [, token] = /"token":"([^"]+)"/.exec(text) ?? []
    // Leaving the loop ends the stream.
    if (token !== undefined) return token
  }
  throw new Error(`The stream has no token: ${text}`)
}
