import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrateServer } from '../../src/sipis/migrations.ts'
import { random } from '../../src/tools/demo/random.ts'
import type { Running } from '../support/command.ts'
import { run, start } from '../support/command.ts'
import { isFull, times, variants } from '../support/counts.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../support/database.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import type { OwnServer } from '../support/postgres.ts'
import { startOwnServer } from '../support/postgres.ts'
import { addDataSet, addSelector, selectorNamed } from '../support/rows.ts'
import { asAdmin, createDatabase, urlOf } from '../support/templates.ts'
import { until } from '../support/until.ts'

const kills = times(20, 2)
const calls = times(100_000, 300)
const choose = random(31)

function startArchive(source: { readonly url: string }, target: { readonly url: string }, ...more: string[]): Running {
  const running = start(['archive', '--database-url', source.url, '--to', target.url, ...more])
  onTestFinished(async () => {
    running.child.kill('SIGKILL')
    await running.finished
  })
  return running
}

const following = 'from now on it follows what changes'

const callIds = async ({ sql }: Pick<TestDatabase, 'sql'>) =>
  (await sql('SELECT callid FROM sipcalls ORDER BY rowid')).map(([callId]) => Number(callId))

interface SipisOptions {
  readonly version: 'V1' | 'V2'
  readonly url: string
  /** Calls of one transaction. */
  readonly batch: number
  /** How long a call is there. */
  readonly livesMs: number
  /** Where an archive says how far it has come: a call is there at least until then, however slow the machine is. */
  readonly archive?: TestDatabase
}

/** Inserts calls and deletes them again after a while, as SIPIS does. Some are of a subtransaction, some are dated long ago. */
class Sipis {
  readonly #options: SipisOptions
  readonly #stopping = new AbortController()
  readonly inserted: number[] = []
  #done: Promise<unknown> = Promise.resolve()

  constructor(options: SipisOptions) {
    this.#options = options
  }

  start(writers: number): void {
    this.#done = Promise.all(Array.from({ length: writers }, (_, writer) => this.#write(writer * 1_000_000)))
  }

  /** Ends the inserts; the last rows are still deleted. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#done
  }

  async #write(first: number): Promise<void> {
    const { url, batch, livesMs, archive } = this.#options
    const client = new pg.Client(url)
    await client.connect()
    const kept = archive === undefined ? undefined : new pg.Client(archive.url)
    await kept?.connect()
    let alive: { readonly from: number; readonly at: number }[] = []
    for (let from = first + 1; !this.#stopping.signal.aborted || alive.length > 0; ) {
      if (!this.#stopping.signal.aborted) {
        await client.query('BEGIN; SAVEPOINT s')
        await client.query(this.#insertion(from))
        await client.query('COMMIT')
        this.inserted.push(...Array.from({ length: batch }, (_, n) => from + n))
        alive.push({ from, at: await clock(client) })
        from += batch
      }
      const end = Math.min((await clock(client)) - livesMs, await coveredUntil(kept))
      const old = alive.filter(({ at }) => at < end)
      alive = alive.filter(({ at }) => at >= end)
      for (const one of old)
        await client.query('DELETE FROM sipcalls WHERE rowid BETWEEN $1 AND $2', [one.from, one.from + batch - 1])
      await wait(5)
    }
    await client.end()
    await kept?.end()
  }

  #insertion(from: number): string {
    const { version, batch } = this.#options
    const [names, values] =
      version === 'V1' ? ['id', '1'] : ['selector, missedreason', `'${selectorNamed(1)}', 'Missed'`]
    return `INSERT INTO sipcalls (rowid, ${names}, scheme, userdisplayname, username, domain, domainport, callid, time)
      SELECT n, ${values}, 'sip', '', 'u', 'd', 0, n, CASE WHEN n % 5 = 0 THEN '2001-01-01' ELSE now() END
      FROM generate_series(${from}, ${from + batch - 1}) AS n`
  }
}

async function coveredUntil(archive: pg.Client | undefined): Promise<number> {
  if (archive === undefined) return Number.POSITIVE_INFINITY
  const { rows } = await archive.query<{ ms: string }>(
    'SELECT extract(epoch FROM caught_up_at) * 1000 AS ms FROM sipis_gateway.archive_state',
  )
  return Number(rows[0]?.ms)
}

/** All databases of this test have one clock. */
async function clock(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')
  return Number(rows[0]?.ms)
}

/** A v2 database on a server of the test's own, which the end of that server drops. */
async function databaseOf({ url }: OwnServer): Promise<{ readonly url: string }> {
  const name = 'sipis'
  await asAdmin(url, (admin) => createDatabase(admin, name, 'UTF8'))
  const client = new pg.Client(urlOf(url, name))
  await client.connect()
  await migrateServer(client, 'V2')
  await client.end()
  return { url: urlOf(url, name) }
}

async function insertInto({ url }: { readonly url: string }, number: number): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`INSERT INTO sipcalls (rowid, selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
    VALUES (${number}, 's', 'sip', '', 'u', 'd', 0, '${number}', now(), '')`)
  await client.end()
}

const untilIn = (target: TestDatabase, numbers: readonly number[]) =>
  until(`${numbers} are there`, async () => String(await callIds(target)) === String(numbers), 40_000)

const questions = `{
  calls(first: 50) { totalCount nodes { id callId time missedReason missedReasonText caller { uri displayName } selector { id name } } }
  messages(first: 50) { totalCount nodes { id messageId contentType headers body time sender { uri } } }
  pushTests(first: 50) { totalCount nodes { id pushId platform started concluded } }
}`

/** What a gateway answers from the database. */
async function answersOf({ url: databaseUrl }: TestDatabase): Promise<unknown> {
  const serving = start(['serve', '--port', '0', '--database-url', databaseUrl])
  try {
    const [url = ''] = /http:\/\/[^/\s]+/.exec(await serving.printed('Stop with Ctrl+C')) ?? []
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: questions }),
    })
    return await answer.json()
  } finally {
    serving.child.kill('SIGKILL')
    await serving.finished
  }
}

async function sourceOf(version: 'V1' | 'V2', encoding: 'UTF8' | 'SQL_ASCII' = 'UTF8') {
  const source = untilTestEnds(await cloneDatabase(version, encoding))
  await addSelector({ version, sql: source.sql }, 1)
  return source
}

describe('sipis-gateway archive', () => {
  it.each(
    variants(
      [
        ['V2', 'SQL_ASCII'],
        ['V1', 'UTF8'],
      ] as const,
      1,
    ),
  )(
    'of %s, %s, killed again and again, has every call once that SIPIS has deleted within seconds',
    async (version, encoding) => {
      const source = await sourceOf(version, encoding)
      const target = untilTestEnds(await emptyDatabase())
      const sipis = new Sipis({ version, url: source.url, batch: 3, livesMs: 300, archive: target })
      let running = startArchive(source, target)
      await running.printed(following)
      sipis.start(3)
      for (let kill = 0; kill < kills; kill++) {
        await wait(500 + choose.below(1_500))
        running.child.kill('SIGKILL')
        await running.finished
        running = startArchive(source, target)
      }
      await wait(500)
      await sipis.stop()
      const wanted = sipis.inserted.toSorted((one, other) => one - other)
      running.child.kill('SIGTERM')
      expect((await running.finished).code).toBe(0)
      expect(await callIds(source)).toEqual([])
      expect(await callIds(target)).toEqual(wanted)
      if (isFull) process.stderr.write(`${version}: ${wanted.length} calls, ${kills} kills\n`)
    },
    600_000,
  )

  it(`keeps ${calls} calls that are deleted within two seconds`, async () => {
    const source = await sourceOf('V1')
    const target = untilTestEnds(await emptyDatabase())
    const running = startArchive(source, target)
    await running.printed(following)
    const sipis = new Sipis({
      version: 'V1',
      url: source.url,
      batch: times(12, 5),
      livesMs: 1_500,
      ...(isFull ? {} : { archive: target }),
    })
    const started = performance.now()
    sipis.start(3)
    await until('the calls are there', () => sipis.inserted.length >= calls, 250_000)
    await sipis.stop()
    const seconds = (performance.now() - started) / 1_000
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 0, stdout: '' })
    const found = await callIds(target)
    if (isFull) {
      const figures = `${sipis.inserted.length} calls in ${seconds.toFixed(1)} s, ${found.length} in the archive`
      process.stderr.write(`${figures}\n${(await running.finished).stderr}`)
    }
    expect(await callIds(source)).toEqual([])
    expect(found).toEqual(sipis.inserted.toSorted((one, other) => one - other))
  }, 300_000)

  it.each(variants(['V1', 'V2'] as const, 1))(
    'of %s is served with the answers of the source, and with rows that the source no longer has',
    async (version) => {
      const source = untilTestEnds(await cloneDatabase(version))
      await addDataSet({ version, sql: source.sql }, { selectors: 3 })
      const target = untilTestEnds(await emptyDatabase())
      const running = startArchive(source, target)
      await running.printed(following)
      const [before, kept] = [await answersOf(source), await answersOf(target)]
      expect(kept).toEqual(before)
      expect(before).toMatchObject({ data: { calls: { totalCount: 90 } } })
      await source.sql('DELETE FROM sipcalls')
      await source.sql('DELETE FROM siptextmessages')
      expect(await answersOf(source)).toMatchObject({ data: { calls: { totalCount: 0 } } })
      expect(await answersOf(target)).toEqual(before)
    },
    120_000,
  )

  it('goes on after the source has crashed and after the target was away, and says each once', async () => {
    const server = untilTestEnds(await startOwnServer())
    const source = await databaseOf(server)
    const target = untilTestEnds(await emptyDatabase())
    const proxy = untilTestEnds(await startFaultProxy(target.url))
    const running = startArchive(source, proxy)
    await running.printed(following)
    const insert = (number: number) => insertInto(source, number)
    const has = (numbers: number[]) => untilIn(target, numbers)
    await insert(1)
    await has([1])
    await server.crash()
    await insert(2)
    await has([1, 2])
    proxy.refuse()
    await insert(3)
    await wait(1_500)
    proxy.heal()
    await has([1, 2, 3])
    // A silent connection is noticed after 35 seconds.
    if (isFull) {
      proxy.silence()
      await insert(4)
      await has([1, 2, 3, 4])
    }
    const losses = isFull ? 3 : 2
    running.child.kill('SIGTERM')
    const { code, stderr } = await running.finished
    expect([code, stderr.match(/Trying again/g)?.length]).toEqual([0, losses])
    expect(stderr.match(/answer again/g)?.length).toBe(losses)
  }, 200_000)

  it('follows a standby, and goes on when that is promoted', async () => {
    const server = untilTestEnds(await startOwnServer())
    const source = await databaseOf(server)
    const standby = untilTestEnds(await server.standby())
    const replica = { url: urlOf(standby.url, new URL(source.url).pathname.slice(1)) }
    const target = untilTestEnds(await emptyDatabase())
    const running = startArchive(replica, target)
    await running.printed(following)
    await insertInto(source, 1)
    await untilIn(target, [1])
    await standby.promote()
    await insertInto(replica, 2)
    await untilIn(target, [1, 2])
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(0)
  }, 200_000)

  it('ends with 0 on SIGTERM although the target has stopped answering', async () => {
    const source = await sourceOf('V2')
    const target = untilTestEnds(await emptyDatabase())
    const proxy = untilTestEnds(await startFaultProxy(target.url))
    const running = startArchive(source, proxy)
    await running.printed(following)
    proxy.silenceAll()
    // A statement is under way by then.
    await wait(1_000)
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(0)
  })

  it('refuses what is no archive, a second archiver and wrong arguments', async () => {
    const source = await sourceOf('V2')
    const target = untilTestEnds(await emptyDatabase())
    const running = startArchive(source, target)
    await running.printed(following)
    const refused = async (to: string, ...more: string[]) => {
      const { code, stderr } = await run(['archive', '--database-url', source.url, '--to', to, ...more])
      expect(code).toBe(1)
      return stderr
    }
    expect(await refused(target.url)).toContain('Another archiver writes into')
    expect(await refused(source.url)).toContain('did not create')
    expect(await refused(target.url, '--keep', '3w')).toContain('number of days such as 90d')
    running.child.kill('SIGTERM')
    await once(running.child, 'exit')
    expect((await running.finished).code).toBe(0)
  })
})
