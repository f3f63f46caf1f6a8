import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { openServers } from '../../src/database/replicas/servers.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import type { OwnServer, Standby } from '../support/postgres.ts'
import { pauseReplay, startOwnServer } from '../support/postgres.ts'
import { selectorNamed } from '../support/rows.ts'
import { until } from '../support/until.ts'
import type { Door } from './clients.ts'
import { askChanges, stampOf } from './clients.ts'
import { caughtUp, fill, openDoor } from './cluster.ts'
import { openSession } from './session.ts'
import { insertion } from './tables.ts'

let server: OwnServer
let one: Standby
let other: Standby

beforeAll(async () => {
  // What is committed without waiting for the disk is flushed late.
  server = await startOwnServer({ settings: { wal_writer_delay: '1s' } })
  await fill(server.url, 'V2', 1)
  one = await server.standby()
  other = await server.standby()
})
afterAll(async () => {
  for (const each of [one, other, server]) await each[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await using primary = openSession(server.url)
  await primary.query('DELETE FROM sipcalls')
})

it('A first token, of a query or a subscription, leaves nothing out that lists of a standby lack', async () => {
  const { standby, pause, resume } = await proxied(one)
  const door = await openDoor(server.url, standby.url)
  await until('the standby is read', () => door.replica.problem === undefined)
  await pause()
  await insertLate()
  await until('lists come from the standby', async () => (await countCalls(door)) === 0)
  const tokens = [(await askChanges(door, 1)).token, await tokenOfSubscription(door)]
  await resume()
  for (const since of tokens) await untilLateComes(door, since)
  expect(await countCalls(door)).toBe(1)
})

it('A first token waits until the standbys were asked once, because gateways beside may read from them already', async () => {
  const { url } = untilTestEnds(await cloneDatabase('V2'))
  const [primary, standby] = [url, url].map((label) => ({ label, database: openReader(label) }))
  if (primary === undefined || standby === undefined) throw new Error('There are two.')
  const database = openServers({ primary, standbys: [standby], maxLag: undefined, onChange: () => undefined })
  onTestFinished(() => database.close())
  expect(await database.lowestXmin?.()).toBeTypeOf('bigint')
})

it('A standby that was away is read once it has replayed what was stored meanwhile, which tokens may count as seen', async () => {
  const { standby, pause, resume } = await proxied(one)
  const door = await openDoor(server.url, standby.url)
  await until('the standby is read', () => door.replica.problem === undefined)
  await pause()
  standby.refuse()
  await until('the standby is away', () => door.replica.problem !== undefined)
  await insertLate()
  standby.heal()
  const { looks, reads } = door.replica
  await until('the standby has been back for a while', async () => {
    expect(await countCalls(door)).toBe(1)
    return door.replica.looks > looks + 20
  })
  expect(door.replica.reads).toBe(reads)
  await resume()
  await until('the standby is read again', async () => {
    expect(await countCalls(door)).toBe(1)
    return door.replica.reads > reads
  })
})

it('A standby that was away is read while the primary is away', async () => {
  const { standby, pause } = await proxied(one)
  const primary = untilTestEnds(await startFaultProxy(server.url))
  const door = await openDoor(primary.url, standby.url)
  await until('the standby is read', () => door.replica.problem === undefined)
  await pause()
  standby.refuse()
  await until('the standby is away', () => door.replica.problem !== undefined)
  await insertLate()
  primary.refuse()
  standby.heal()
  await until('the standby is read', () => door.replica.problem === undefined)
  expect(await countCalls(door)).toBe(0)
  primary.heal()
  await until('the primary is read', async () => (await countCalls(door)) === 1)
})

it('A first token that a standby gives leaves nothing out that the primary does not show yet', async () => {
  const { standby } = await proxied(one)
  const door = await openDoor(server.url, standby.url)
  await until('the standby is read', () => door.replica.problem === undefined)
  await using primary = openSession(server.url)
  const waitFor = async (standbys: string) => {
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '${standbys}'`)
    await primary.query('SELECT pg_reload_conf()')
    await until('it is set', async () => (await primary.query('SHOW synchronous_standby_names'))[0]?.[0] === standbys)
  }
  // The standby has replayed the commit, and the primary waits until another one has.
  await waitFor('absent')
  const inserted = insertLate('SET synchronous_commit = on')
  await until('the standby has the call', async () => (await countCalls(door)) === 1)
  const { token } = await askChanges(door, 1)
  expect(await primary.query('SELECT FROM sipcalls')).toEqual([])
  await waitFor('')
  await inserted
  await untilLateComes(door, token)
})

it('An event is not said to be gone because another standby takes over that lacks it', async () => {
  const { standby } = await proxied(one)
  const lagging = await proxied(other)
  const door = await openDoor(server.url, standby.url, lagging.standby.url)
  await until('both are read', () => door.replica.usable === 2)
  const { token } = await askChanges(door, 1)
  await lagging.pause()
  await insertLate()
  let asked = {}
  await until('the call comes', async () => {
    const { events, token: since } = await askChanges(door, 1, { since: token })
    asked = { since, held: events.map(({ id }) => id) }
    return events.length === 1
  })
  standby.loseAnswerTo('AS k(selector, identity, n)')
  for (let n = 0; n < 4; n++) expect((await askChanges(door, 1, asked)).gone).toEqual([])
})

/** A proxy in front of a standby, which has replayed all. */
async function proxied({ url }: Standby) {
  const standby = untilTestEnds(await startFaultProxy(url))
  const client = new pg.Client(url)
  await client.connect()
  const resume = () => client.query('SELECT pg_wal_replay_resume()')
  onTestFinished(async () => {
    await resume()
    await client.end()
  })
  await using primary = openSession(server.url)
  await using session = openSession(url)
  await caughtUp(primary, session)
  return { standby, pause: () => pauseReplay(client), resume }
}

async function insertLate(setting = 'SELECT'): Promise<void> {
  await using primary = openSession(server.url)
  await primary.query(setting)
  await primary.query(insertion('V2', { kind: 'CALL', selector: 1, stamp: 'late', rows: 1, time: "'2026-01-01'" }))
}

async function untilLateComes(door: Door, since: string): Promise<void> {
  await until('the call comes', async () => {
    const { events } = await askChanges(door, 1, { since })
    return events.map(stampOf).includes('late.1')
  })
}

const name = selectorNamed(1)

async function countCalls({ gateway }: Door): Promise<number> {
  const { selector } = await gateway.ask(`{ selector(name: "${name}") { calls { totalCount } } }`)
  return selector.calls.totalCount
}

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
