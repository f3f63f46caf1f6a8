import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrateServer } from '../../src/sipis/migrations.ts'
import { random } from '../../src/tools/demo/random.ts'
import type { Running } from '../support/command.ts'
import { run, start } from '../support/command.ts'
import { times } from '../support/counts.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, databaseOn, emptyDatabase, untilTestEnds } from '../support/database.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startOwnServer } from '../support/postgres.ts'
import { addSelector, selectorNamed } from '../support/rows.ts'
import { createDatabase } from '../support/templates.ts'
import { until } from '../support/until.ts'

const kills = times(20, 2)
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

/** Inserts calls and deletes them again after a while, as SIPIS does. */
class Sipis {
  readonly #version: 'V1' | 'V2'
  readonly #url: string
  readonly #livesMs: number
  readonly #stopping = new AbortController()
  /** Numbers of calls, in the order of their commits. */
  readonly inserted: number[] = []
  #done: Promise<unknown> = Promise.resolve()

  constructor(version: 'V1' | 'V2', url: string, livesMs: number) {
    this.#version = version
    this.#url = url
    this.#livesMs = livesMs
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
    const client = new pg.Client(this.#url)
    await client.connect()
    const alive: { readonly number: number; readonly at: number }[] = []
    const columns = this.#version === 'V1' ? ['id', 'NULL'] : ['missedreason, selector', `'Missed'`]
    const owner = this.#version === 'V1' ? '1' : `'${selectorNamed(1)}'`
    const reason = this.#version === 'V1' ? '' : `'Missed', `
    for (let number = first; !this.#stopping.signal.aborted || alive.length > 0; ) {
      if (!this.#stopping.signal.aborted) {
        number++
        // Some in a subtransaction, some dated long ago.
        await client.query('BEGIN; SAVEPOINT s')
        await client.query(
          `INSERT INTO sipcalls (rowid, ${columns[0]}, scheme, userdisplayname, username, domain, domainport, callid, time)
            VALUES (${number}, ${reason}${owner}, 'sip', '', 'u', 'd', 0, '${number}', ${number % 5 === 0 ? `'2001-01-01'` : 'now()'})`,
        )
        await client.query('COMMIT')
        this.inserted.push(number)
        alive.push({ number, at: performance.now() })
      }
      const old = alive.filter(({ at }) => performance.now() - at > this.#livesMs)
      if (old.length > 0) {
        alive.splice(0, old.length)
        await client.query('DELETE FROM sipcalls WHERE rowid = ANY($1)', [old.map((one) => one.number)])
      }
      await wait(5)
    }
    await client.end()
  }
}

async function sourceOf(version: 'V1' | 'V2', encoding: 'UTF8' | 'SQL_ASCII' = 'UTF8') {
  const source = untilTestEnds(await cloneDatabase(version, encoding))
  await addSelector({ version, sql: source.sql }, 1)
  return source
}

describe('sipis-gateway archive', () => {
  it.each([
    ['V1', 'UTF8'],
    ['V2', 'SQL_ASCII'],
  ] as const)(
    'of %s, %s, killed again and again, has every call once that SIPIS has deleted within seconds',
    async (version, encoding) => {
      const source = await sourceOf(version, encoding)
      const target = untilTestEnds(await emptyDatabase())
      // A call is there for longer than an archive takes to start, because while none runs nobody can see it.
      const sipis = new Sipis(version, source.url, 6_000)
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
      await until('all are there', async () => (await callIds(target)).length >= wanted.length, 10_000).catch(
        () => undefined,
      )
      running.child.kill('SIGTERM')
      expect((await running.finished).code).toBe(0)
      expect(await callIds(source)).toEqual([])
      expect(await callIds(target)).toEqual(wanted)
      if (process.env['FULL'] === '1') process.stderr.write(`${version}: ${wanted.length} calls, ${kills} kills\n`)
    },
    600_000,
  )

  it('keeps calls that are deleted within a second, and a gateway serves them from the archive', async () => {
    const source = await sourceOf('V1')
    const target = untilTestEnds(await emptyDatabase())
    const running = startArchive(source, target)
    await running.printed(following)
    const sipis = new Sipis('V1', source.url, 1_000)
    sipis.start(2)
    await wait(times(60_000, 2_000))
    await sipis.stop()
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 0, stdout: '' })
    const wanted = sipis.inserted.toSorted((one, other) => one - other)
    expect([await callIds(source), await callIds(target)]).toEqual([[], wanted])

    const serving = start(['serve', '--port', '0', '--database-url', target.url])
    onTestFinished(async () => {
      serving.child.kill('SIGKILL')
      await serving.finished
    })
    const [url = ''] = /http:\/\/[^/\s]+/.exec(await serving.printed('Stop with Ctrl+C')) ?? []
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: '{ calls(first: 1) { totalCount nodes { callId missedReason selector { name } } } }',
      }),
    })
    expect(await answer.json()).toMatchObject({
      data: {
        calls: { totalCount: wanted.length, nodes: [{ missedReason: null, selector: { name: selectorNamed(1) } }] },
      },
    })
  }, 300_000)

  it('goes on after the source has crashed and after the target was away, and says each once', async () => {
    const server = untilTestEnds(await startOwnServer())
    const source = await databaseOn(server.url, (admin, name) => createDatabase(admin, name, 'UTF8'))
    const client = new pg.Client(source.url)
    client.on('error', () => undefined)
    await client.connect()
    await migrateServer(client, 'V2')
    const target = untilTestEnds(await emptyDatabase())
    const proxy = untilTestEnds(await startFaultProxy(target.url))
    const running = startArchive(source, proxy)
    await running.printed(following)
    const insert = async (number: number) => {
      const own = new pg.Client(source.url)
      await own.connect()
      await own.query(`INSERT INTO sipcalls (rowid, selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
        VALUES (${number}, 's', 'sip', '', 'u', 'd', 0, '${number}', now(), '')`)
      await own.end()
    }
    const has = (numbers: number[]) =>
      until(`${numbers} are there`, async () => String(await callIds(target)) === String(numbers), 40_000)
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
    proxy.silence()
    await insert(4)
    await has([1, 2, 3, 4])
    running.child.kill('SIGTERM')
    const { code, stderr } = await running.finished
    expect([code, stderr.match(/Trying again/g)?.length]).toEqual([0, 3])
    expect(stderr.match(/answer again/g)?.length).toBe(3)
    await client.end().catch(() => undefined)
  }, 200_000)

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
