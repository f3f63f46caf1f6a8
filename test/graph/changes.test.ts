import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends, cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'
import { until } from '../support/until.ts'

const secrets = ['a secret of the tests']
const query = `query ($name: String!, $since: String, $first: Int, $held: [ID!]) {
  selector(name: $name) {
    changes(since: $since, first: $first, held: $held) {
      events { __typename id time selector { name } ... on Call { callId } ... on PushTest { pushId concluded } }
      gone token hasMore reset
    }
  }
}`

interface Asked {
  readonly since?: string | undefined
  readonly first?: number
  readonly held?: readonly string[]
  readonly number?: number
}

interface Changes {
  readonly events: readonly { __typename: string; id: string; callId?: string; pushId?: string; concluded?: string }[]
  readonly gone: readonly string[]
  readonly token: string
  readonly hasMore: boolean
  readonly reset: string | null
}

async function changes(client: Client, { number = 1, ...asked }: Asked = {}): Promise<Changes> {
  return (await client.ask(query, { name: selectorNamed(number), ...asked })).selector.changes
}

const ids = ({ events }: Changes) => events.map(({ callId, pushId }) => callId ?? pushId ?? '')

/** Does something after each statement that tells which versions are new, before their rows are read. */
function afterSight(database: Database, work: () => Promise<unknown>): Database {
  return {
    async query(statement, signal) {
      const found = await database.query(statement, signal)
      if (render(statement).text.includes('pg_control_checkpoint')) await work()
      return found
    },
    close: () => database.close(),
  }
}

describe.each(backends)('changes on $name', ({ open }) => {
  let opened: Opened
  let client: Client
  beforeAll(async () => {
    opened = await open()
    client = await openClient(opened.database, { changes: { secrets } })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    for (const table of ['sipcalls', 'siptextmessages', 'pushtests', 'selectors'])
      await opened.sql(`DELETE FROM ${table}`)
    await addSelector(opened, 1)
    await addSelector(opened, 2)
  })
  const time = '2026-01-01'

  it('gives a token without events first, and then what was stored since, once', async () => {
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, callid: 'before' })
    const first = await changes(client)
    expect(first).toMatchObject({ events: [], gone: [], hasMore: false, reset: null })
    await addRow(opened, 'sipcalls', 1, { rowid: 2, time: '2001-01-01', callid: 'dated long ago' })
    await addRow(opened, 'sipcalls', 2, { rowid: 3, time, callid: 'of another selector' })
    await addRow(opened, 'siptextmessages', 1, { rowid: 4, time })
    await addRow(opened, 'pushtests', 1, { rowid: 5, pushid: 'p', platform: 'iOS', started: time })
    const second = await changes(client, { since: first.token })
    expect(second.events.map(({ __typename }) => __typename)).toEqual(['Call', 'Message', 'PushTest'])
    expect(ids(second)).toEqual(['dated long ago', '', 'p'])
    expect(second.events).toMatchObject([1, 2, 3].map(() => ({ selector: { name: selectorNamed(1) } })))
    expect((await changes(client, { since: second.token })).events).toEqual([])
    // A request that is repeated is answered alike.
    expect(ids(await changes(client, { since: first.token }))).toEqual(ids(second))
  })

  it('gives an event again that was changed, as it is now', async () => {
    await addRow(opened, 'pushtests', 1, { rowid: 5, pushid: 'p', platform: 'iOS', started: time })
    const { token } = await changes(client)
    await opened.sql(`UPDATE pushtests SET concluded = '2026-01-01 00:00:01'`)
    await opened.sql(`UPDATE pushtests SET concluded = '2026-01-01 00:00:02'`)
    const { events } = await changes(client, { since: token })
    expect(events).toMatchObject([{ pushId: 'p', concluded: '2026-01-01T00:00:02.000000Z' }])
  })

  it('pages through what is new without splitting what was stored together', async () => {
    let { token } = await changes(client)
    for (let n = 1; n <= 5; n++) await addRow(opened, 'sipcalls', 1, { rowid: n, time, callid: `${n}` })
    const link =
      opened.version === 'V1'
        ? 'id, scheme'
        : 'selector, missedreason, scheme, userdisplayname, username, domain, domainport'
    const value = opened.version === 'V1' ? `1, 'sip'` : `'${selectorNamed(1)}', 'Missed', 'sip', '', '', '', 0`
    await opened.sql(
      `INSERT INTO sipcalls (rowid, time, callid, ${link}) SELECT n, '2026-01-01', n, ${value} FROM generate_series(6, 9) n`,
    )
    const pages: string[][] = []
    for (let hasMore = true; hasMore; ) {
      const page = await changes(client, { since: token, first: 2 })
      pages.push(ids(page))
      ;({ token, hasMore } = page)
    }
    expect(pages).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6', '7', '8', '9'],
    ])
    const none = await changes(client, { since: token, first: 0 })
    expect(none).toMatchObject({ events: [], hasMore: false })
    await addRow(opened, 'sipcalls', 1, { rowid: 10, time, callid: '10' })
    const more = await changes(client, { since: none.token, first: 0 })
    expect(more).toMatchObject({ events: [], hasMore: true })
    expect(ids(await changes(client, { since: more.token }))).toEqual(['10'])
  })

  it('names those of the held events that are gone', async () => {
    const { token } = await changes(client)
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, callid: 'stays' })
    await addRow(opened, 'sipcalls', 1, { rowid: 2, time, callid: 'goes' })
    await addRow(opened, 'pushtests', 1, { rowid: 5, pushid: 'goes, too', platform: 'iOS', started: time })
    const { events, token: next } = await changes(client, { since: token })
    const held = events.map(({ id }) => id)
    await opened.sql(`DELETE FROM sipcalls WHERE rowid = 2`)
    await opened.sql('DELETE FROM pushtests')
    expect((await changes(client, { since: next, held })).gone).toEqual([held[1], held[2]])
  })

  it('asks for all selectors of an operation in one statement', async () => {
    const tokens = [(await changes(client)).token, (await changes(client, { number: 2 })).token]
    await addRow(opened, 'sipcalls', 1, { rowid: 1, time, callid: 'of 1' })
    await addRow(opened, 'sipcalls', 2, { rowid: 2, time, callid: 'of 2' })
    client.statements()
    const two = [1, 2].map(
      (n) =>
        `s${n}: selector(name: "${selectorNamed(n)}") { changes(since: $t${n}) { events { id ... on Call { callId } } } }`,
    )
    const { s1, s2 } = await client.ask(`query ($t1: String, $t2: String) { ${two.join(' ')} }`, {
      t1: tokens[0],
      t2: tokens[1],
    })
    expect([ids(s1.changes), ids(s2.changes)]).toEqual([['of 1'], ['of 2']])
    // Selectors, what is new, and its calls.
    expect(client.statements()).toHaveLength(3)
  })

  it('refuses what is no token of the selector, in each form', async () => {
    const { token } = await changes(client)
    const other = await changes(client, { number: 2 })
    const damaged = Array.from({ length: Math.ceil(token.length / 7) }, (_, index) => {
      const at = index * 7
      return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    })
    const bad = [
      '',
      'x',
      token.slice(1),
      token.slice(0, -1),
      `${token}A`,
      ` ${token}`,
      `${token}=`,
      'A'.repeat(70_000),
      other.token,
      ...damaged,
    ]
    for (const since of bad) {
      const { data, errors } = await client.answer(query, { name: selectorNamed(1), since })
      expect([since, errors?.[0]?.extensions, data]).toEqual([
        since,
        { code: 'BAD_USER_INPUT', argument: ['since'] },
        { selector: { changes: null } },
      ])
    }
  })

  it('refuses sizes and ids out of range', async () => {
    await addRow(opened, 'sipcalls', 2, { rowid: 3, time, callid: 'of another selector' })
    const { calls, selectors } = await client.ask('{ calls { nodes { id } } selectors { nodes { id } } }')
    const refused: [object, (string | number)[]][] = [
      [{ first: -1 }, ['first']],
      [{ first: 101 }, ['first']],
      [{ held: Array(101).fill(calls.nodes[0].id) }, ['held']],
      [{ held: ['x'] }, ['held', 0]],
      [{ held: [calls.nodes[0].id] }, ['held', 0]],
      [{ held: [selectors.nodes[0].id] }, ['held', 0]],
    ]
    for (const [asked, argument] of refused) {
      const { errors } = await client.answer(query, { name: selectorNamed(1), ...asked })
      expect([asked, errors?.[0]?.extensions]).toEqual([asked, { code: 'BAD_USER_INPUT', argument }])
    }
  })

  it('resets with a new token if the key or the generation has changed, or the tables were made anew', async () => {
    const { token } = await changes(client)
    const reset = async (with_: { secrets: string[]; generation?: number }) => {
      await using gateway = await openClient(opened.database, { changes: with_ })
      const answer = await changes(gateway, { since: token })
      expect((await changes(gateway, { since: answer.token })).reset).toBe(null)
      return answer.reset
    }
    expect(await reset({ secrets: ['another secret of the tests'] })).toBe('EXPIRED')
    expect(await reset({ secrets: ['another secret of the tests', ...secrets] })).toBe(null)
    expect(await reset({ secrets, generation: 1 })).toBe('DATABASE_CHANGED')
    expect(await reset({ secrets })).toBe(null)
    await opened.sql('ALTER TABLE pushtests RENAME TO old')
    await opened.sql('CREATE TABLE pushtests (LIKE old INCLUDING ALL)')
    expect(await reset({ secrets })).toBe('DATABASE_CHANGED')
    await opened.sql('DROP TABLE pushtests')
    await opened.sql('ALTER TABLE old RENAME TO pushtests')
  })

  it('resets if one transaction has stored more than a page can hold', async () => {
    const { token } = await changes(client)
    const link =
      opened.version === 'V1'
        ? 'id'
        : 'selector, scheme, userdisplayname, username, domain, domainport, callid, missedreason'
    const value = opened.version === 'V1' ? '1' : `'${selectorNamed(1)}', '', '', '', '', 0, '', ''`
    const insert = (rows: string) =>
      opened.sql(
        `INSERT INTO sipcalls (rowid, time, ${link}) SELECT n, '2026-01-01', ${value} FROM generate_series(${rows}) n`,
      )
    await insert('1, 1000')
    const all = await changes(client, { since: token })
    expect([all.reset, all.events.length]).toEqual([null, 1_000])
    await insert('1001, 2001')
    // Marks follow what is flushed, so that the rows are behind the token of the reset.
    await opened.sql('CHECKPOINT')
    const reset = await changes(client, { since: all.token })
    expect([reset.reset, reset.events]).toEqual(['TOO_MUCH', []])
    expect((await changes(client, { since: reset.token })).reset).toBe(null)
  })
})

describe('changes', () => {
  it('gives rows of transactions that commit late, of savepoints and of prepared transactions, once', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    const client = untilTestEnds(await openClient(database, { changes: { secrets } }))
    await addSelector({ version: 'V2', sql: own.sql }, 1)
    const late = new pg.Client({ connectionString: own.url })
    await late.connect()
    onTestFinished(() => late.end())
    const insert = (callId: string) =>
      `INSERT INTO sipcalls (selector, time, callid, scheme, userdisplayname, username, domain, domainport, missedreason)
       VALUES ('${selectorNamed(1)}', '2026-01-01', '${callId}', '', '', '', '', 0, '')`
    let { token } = await changes(client)
    const fresh = async () => {
      const answer = await changes(client, { since: token })
      ;({ token } = answer)
      return ids(answer)
    }
    await late.query(`BEGIN; ${insert('late')}; SAVEPOINT a; ${insert('in a savepoint')}; SAVEPOINT b; ${insert('undone')};
      ROLLBACK TO b; DO $$ BEGIN ${insert('in a block')}; EXCEPTION WHEN OTHERS THEN NULL; END $$`)
    await own.sql(insert('meanwhile'))
    expect(await fresh()).toEqual(['meanwhile'])
    await own.sql('CHECKPOINT')
    expect(await fresh()).toEqual([])
    await late.query('COMMIT')
    expect((await fresh()).sort()).toEqual(['in a block', 'in a savepoint', 'late'])
    expect(await fresh()).toEqual([])
  })

  it('gives rows that move within their table between two statements of a request', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    let meanwhile: string | undefined
    const rewrite = 'VACUUM FULL sipcalls'
    const moving = afterSight(database, async () => {
      if (meanwhile === undefined) return
      await own.sql(meanwhile)
      // A connection that is being opened elsewhere on the server keeps the deleted row for a moment.
      if (meanwhile === rewrite)
        await until('a row has moved', async () => {
          await own.sql(rewrite)
          return (await own.sql('SELECT min(ctid)::text FROM sipcalls WHERE rowid = 2'))[0]?.[0] === '(0,1)'
        })
    })
    const client = untilTestEnds(await openClient(moving, { changes: { secrets } }))
    let { token } = await changes(client)
    const pulled = async (statement: string) => {
      meanwhile = statement
      const answer = await changes(client, { since: token })
      meanwhile = undefined
      const next = await changes(client, { since: answer.token })
      ;({ token } = next)
      return [ids(answer), answer.hasMore, ids(next), next.hasMore]
    }
    for (const rowid of [1, 2, 3])
      await addRow(target, 'sipcalls', 1, { rowid, time: '2026-01-01', callid: `${rowid}` })
    await own.sql('DELETE FROM sipcalls WHERE rowid = 1')
    expect(await pulled(rewrite)).toEqual([[], true, ['2', '3'], false])
    await addRow(target, 'sipcalls', 1, { rowid: 4, time: '2026-01-01', callid: '4' })
    await addRow(target, 'sipcalls', 1, { rowid: 5, time: '2026-01-01', callid: '5' })
    expect(await pulled('DELETE FROM sipcalls WHERE rowid = 4')).toEqual([['5'], true, [], false])
    await addRow(target, 'sipcalls', 1, { rowid: 6, time: '2026-01-01', callid: '6' })
    const remove = `DELETE FROM selectors WHERE selector = '${selectorNamed(1)}'`
    meanwhile = remove
    const removed = await changes(client, { since: token })
    meanwhile = undefined
    expect(ids(removed)).toEqual([])
    await addSelector(target, 1)
    expect(ids(await changes(client, { since: removed.token }))).toEqual(['6'])
  })

  it('gives no row of another selector that has moved to the place of one of its own', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    await addSelector(target, 2)
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    const client = untilTestEnds(
      await openClient(
        afterSight(database, () => own.sql('VACUUM FULL sipcalls')),
        { changes: { secrets } },
      ),
    )
    const { token } = await changes(client)
    // One transaction, so that only the rows themselves tell one from the other.
    await own.sql('BEGIN')
    for (const [rowid, number] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 1],
    ] as const) {
      await addRow(target, 'sipcalls', number, { rowid, time: '2026-01-01', callid: `${rowid} of ${number}` })
    }
    await own.sql('COMMIT')
    await own.sql('DELETE FROM sipcalls WHERE rowid = 1')
    const answer = await changes(client, { since: token })
    const next = await changes(client, { since: answer.token })
    expect([ids(answer), ids(next)]).toEqual([[], ['2 of 1', '4 of 1']])
  })

  it('does not say that an event is gone that is new, and that another field of the operation did not find before', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    const store = () => addRow(target, 'sipcalls', 1, { rowid: 1, time: '2026-01-01', callid: 'stored again' })
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    let isAsked = false
    let hasLooked = false
    const storing: Database = {
      async query(statement, signal) {
        const { text } = render(statement)
        if (isAsked && text.includes('pg_control_checkpoint')) {
          await until('the other field was read', () => hasLooked)
          await store()
        }
        const found = await database.query(statement, signal)
        if (isAsked && text.includes('AS k(selector, identity, n)')) hasLooked = true
        return found
      },
      close: () => database.close(),
    }
    const client = untilTestEnds(await openClient(storing, { changes: { secrets } }))
    const { token } = await changes(client)
    await store()
    const { events, token: since } = await changes(client, { since: token })
    await own.sql('DELETE FROM sipcalls')
    isAsked = true
    const [id] = events.map((event) => event.id)
    const { node, selector } = await client.ask(
      `query ($id: ID!, $since: String) {
        node(id: $id) { id }
        selector(name: "${selectorNamed(1)}") { changes(since: $since, held: [$id]) { events { id } gone } }
      }`,
      { id, since },
    )
    expect(node).toBeNull()
    expect(selector.changes).toEqual({ events: [{ id }], gone: [] })
  })

  it('does not say that what cannot be named exactly is gone', async () => {
    const own = untilTestEnds(await cloneDatabase('V2', 'SQL_ASCII'))
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    const client = untilTestEnds(await openClient(database, { changes: { secrets } }))
    const { token } = await changes(client)
    await own.sql(
      `INSERT INTO pushtests (selector, pushid, platform, started)
       SELECT '${selectorNamed(1)}', convert_from(id, 'SQL_ASCII'), '', '2026-01-01' FROM unnest('{"\\\\x61ff","\\\\x61fe"}'::bytea[]) AS id`,
    )
    const first = await changes(client, { since: token })
    expect(ids(first)).toEqual(['a\ufffd', 'a\ufffd'])
    const held = first.events.map(({ id }) => id)
    expect(await changes(client, { since: first.token, held })).toMatchObject({ events: [], gone: [] })
  })

  it('resets once the tables were made anew, also in a gateway that has prepared its statements', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    const client = untilTestEnds(await openClient(database, { changes: { secrets } }))
    let { token } = await changes(client)
    for (const [index, table] of ['sipcalls', 'siptextmessages', 'pushtests'].entries()) {
      expect((await changes(client, { since: token })).reset).toBe(null)
      await own.sql(`CREATE TABLE anew (LIKE ${table} INCLUDING ALL); DROP TABLE ${table} CASCADE`)
      await own.sql(`ALTER TABLE anew RENAME TO ${table}`)
      const reset = await changes(client, { since: token })
      expect(reset.reset).toBe('DATABASE_CHANGED')
      await addRow(target, 'sipcalls', 1, { rowid: index, time: '2026-01-01', callid: table })
      const next = await changes(client, { since: reset.token })
      expect(ids(next)).toEqual([table])
      ;({ token } = next)
    }
  })

  it('is NOT_SUPPORTED where a role may not call a function, and shows rows by row level security', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const target = { version: 'V2' as const, sql: own.sql }
    await addSelector(target, 1)
    const role = `reader_${randomBytes(6).toString('hex')}`
    onTestFinished(async () => void (await own.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'password'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
      REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC`)
    const url = new URL(own.url)
    url.username = role
    url.password = 'password'
    const database = openReader(url.href)
    onTestFinished(() => database.close())
    const client = untilTestEnds(await openClient(database, { changes: { secrets } }))
    const { errors } = await client.answer(query, { name: selectorNamed(1) })
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_SUPPORTED' }, path: ['selector', 'changes'] }])
    await own.sql('GRANT EXECUTE ON FUNCTION pg_control_checkpoint() TO PUBLIC')
    await own.sql(`ALTER TABLE sipcalls ENABLE ROW LEVEL SECURITY;
      CREATE POLICY one ON sipcalls USING (callid <> 'hidden')`)
    const { token } = await changes(client)
    await addRow(target, 'sipcalls', 1, { rowid: 1, time: '2026-01-01', callid: 'hidden' })
    await addRow(target, 'sipcalls', 1, { rowid: 2, time: '2026-01-01', callid: 'shown' })
    const answer = await changes(client, { since: token })
    expect([ids(answer), answer.hasMore]).toEqual([['shown'], false])
    expect(ids(await changes(client, { since: answer.token }))).toEqual([])
  })

  it('is NOT_SUPPORTED where a role may not read what it needs, and the rest is answered', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await addSelector({ version: 'V2', sql: own.sql }, 1)
    await own.sql('ALTER TABLE sipcalls RENAME TO stored; CREATE VIEW sipcalls AS SELECT * FROM stored')
    const database = openReader(own.url)
    onTestFinished(() => database.close())
    const client = untilTestEnds(await openClient(database))
    const { data, errors } = await client.answer(`{ selector(name: "${selectorNamed(1)}") { name changes { token } } }`)
    expect(data.selector).toEqual({ name: selectorNamed(1), changes: null })
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_SUPPORTED' }, path: ['selector', 'changes'] }])
  })
})
