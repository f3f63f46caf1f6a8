import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import { openClient } from '../support/client.ts'
import { run } from '../support/command.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'
import { until } from '../support/until.ts'

const all = (state: string) => `sipcalls: ${state}\nsiptextmessages: ${state}\npushtests: ${state}\n`
const objects = `SELECT (SELECT count(*) FROM pg_proc WHERE proname LIKE 'sipis_gateway%') + (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal)`

describe.each(schemaVersions)('notify on %s', (version) => {
  it('installs, shows and removes triggers, again and again, without a trace', async () => {
    const own = untilTestEnds(await cloneDatabase(version))
    const notify = (action: string) => run(['notify', action, '--database-url', own.url])
    const before = await own.sql(objects)
    expect(await notify('status')).toMatchObject({ code: 0, stdout: all('not installed') })
    for (let n = 0; n < 2; n++) expect(await notify('install')).toMatchObject({ code: 0, stdout: all('installed') })
    expect(await notify('status')).toMatchObject({ code: 0, stdout: all('installed') })
    for (let n = 0; n < 2; n++) expect(await notify('remove')).toMatchObject({ code: 0, stdout: all('not installed') })
    expect(await own.sql(objects)).toEqual(before)
  })

  it('tells a gateway that follows a selector, which then looks at once', async () => {
    const own = untilTestEnds(await cloneDatabase(version))
    const target = { version, sql: own.sql }
    await addSelector(target, 1)
    expect((await run(['notify', 'install', '--database-url', own.url])).code).toBe(0)
    const listening = new pg.Client({ connectionString: own.url })
    await listening.connect()
    onTestFinished(() => listening.end())
    const heard: string[] = []
    listening.on('notification', ({ payload = '' }) => heard.push(payload))
    await listening.query('LISTEN sipis_gateway_changes')
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    const client = untilTestEnds(await openClient(database))
    const ending = new AbortController()
    onTestFinished(() => ending.abort())
    const response = await fetch(`${client.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({
        query: 'subscription ($name: String!) { changes(selector: $name) { events { ... on Call { callId } } } }',
        variables: { name: selectorNamed(1) },
      }),
      signal: ending.signal,
    })
    let text = ''
    const reading = (async () => {
      for await (const part of response.body ?? []) text += Buffer.from(part).toString()
    })().catch(() => undefined)
    await until('the gateway listens', async () => {
      const found = await own.sql(
        `SELECT FROM pg_stat_activity WHERE application_name LIKE '% listener' AND query LIKE 'LISTEN%'`,
      )
      return found.length === 1
    })
    await addRow(target, 'sipcalls', 1, { rowid: 1, time: '2001-01-01', callid: 'told' })
    await addRow(target, 'pushtests', 1, { rowid: 1, pushid: 'p', platform: 'iOS', started: '2001-01-01' })
    await until('it has come', () => text.includes('told'))
    await until('both were told', () => heard.length === 2)
    expect(heard).toEqual(Array(2).fill(version === 'V1' ? '1' : selectorNamed(1)))
    ending.abort()
    await reading
  })
})

it('notify says what to do where there is no SIPIS, no right or a lock', async () => {
  const empty = untilTestEnds(await emptyDatabase())
  expect((await run(['notify', 'install', '--database-url', empty.url])).stderr).toMatch(/No SIPIS table/)
  const own = untilTestEnds(await cloneDatabase('V2'))
  await own.sql('BEGIN; LOCK sipcalls IN ROW EXCLUSIVE MODE')
  const locked = await run(['notify', 'install', '--database-url', own.url])
  await own.sql('COMMIT')
  expect([locked.code, locked.stderr]).toEqual([1, expect.stringMatching(/within 5 s.*Nothing was changed/)])
  expect(await own.sql(objects)).toEqual([['0']])
})

it('The triggers never fail a transaction of SIPIS: an upsert, a prepared transaction, a null selector', async () => {
  const own = untilTestEnds(await cloneDatabase('V2'))
  await addSelector({ version: 'V2', sql: own.sql }, 1)
  expect((await run(['notify', 'install', '--database-url', own.url])).code).toBe(0)
  const insert = `INSERT INTO pushtests (rowid, selector, pushid, platform, started) VALUES (1, '${selectorNamed(1)}', 'p', 'iOS', now())`
  await own.sql(`${insert} ON CONFLICT DO NOTHING`)
  await own.sql(`UPDATE pushtests SET concluded = now()`)
  // The server of the tests prepares transactions, so nothing is told.
  const [[prepared] = []] = await own.sql('SHOW max_prepared_transactions')
  if (prepared === '0') return
  await own.sql(`BEGIN; UPDATE pushtests SET concluded = now(); PREPARE TRANSACTION 'of ${Date.now()}'`)
})
