/**
 * Writers, clients that pull `changes` through several gateways, and a server that is stopped again and again. `npm test` runs a little of
 * it, `npm run test:changes` all, and prints the figures.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { isFull, times, variants } from '../support/counts.ts'
import { untilTestEnds } from '../support/database.ts'
import type { OwnServer } from '../support/postgres.ts'
import { startOwnServer } from '../support/postgres.ts'
import { until } from '../support/until.ts'
import { below, chance, oneOf } from './chance.ts'
import type { Door, Tally } from './clients.ts'
import { Client, newTally } from './clients.ts'
import { caughtUp, fill, openDoor, setups } from './cluster.ts'
import { History } from './history.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'
import { contentsOf, xidsOf } from './tables.ts'
import type { Written } from './writers.ts'
import { write } from './writers.ts'

const counts = {
  versions: times(200_000, 2_500),
  clients: times(50, 16),
  selectors: times(40, 8),
  writers: 8,
  crashes: times(15, 2),
  kills: times(15, 2),
}

/** Commits are durable unless a writer turns that off, and what is written survives the end of the processes. */
const settings = {
  synchronous_commit: 'on',
  // A killed process may have written half of a page.
  full_page_writes: 'on',
  max_prepared_transactions: '50',
  wal_keep_size: '4GB',
  max_wal_size: '4GB',
  autovacuum_naptime: '5s',
}

describe('Changes', () => {
  it.each(variants(setups, 1))(
    'on $server with tables of $version: clients miss nothing and get nothing twice, through crashes, kills and a standby that lags',
    { timeout: 3_600_000 },
    async ({ programs, version }) => {
      const started = performance.now()
      const server = untilTestEnds(await startOwnServer({ settings, programs }))
      await fill(server.url, version, counts.selectors)
      const standby = untilTestEnds(await server.standby({ recovery_min_apply_delay: '700ms' }))
      const [one, other, lagging, replicated] = await Promise.all([
        openDoor(server.url),
        openDoor(server.url),
        openDoor(standby.url),
        openDoor(server.url, standby.url),
      ])
      const written: Written = { versions: 0, transactions: 0, lost: 0, rolledBack: new Set() }
      const tally = newTally()
      const history = new History()
      const clients = Array.from(
        { length: counts.clients },
        (_, n) =>
          new Client({
            name: `c${n}`,
            version,
            number: 1 + (n % counts.selectors),
            tally,
            rolledBack: written.rolledBack,
            startsAnew: n % 4 === 0,
            history,
          }),
      )

      const work = { isOver: false, isStill: false }
      const writing = Array.from({ length: counts.writers }, (_, n) =>
        write(`w${n}`, {
          url: server.url,
          version,
          selectors: counts.selectors,
          written,
          history,
          isOver: () => written.versions >= counts.versions,
        }),
      )
      const pulling = clients.map((client) =>
        client.run(
          () => (chance(25) ? oneOf([lagging, replicated]) : oneOf([one, other])),
          () => work.isStill,
        ),
      )
      const maintaining = maintain(server.url, history, () => work.isOver)
      const disturbed = await disturb(server, written, history)
      await Promise.all(writing)
      Object.assign(work, { isOver: true, isStill: true })
      await Promise.all([...pulling, maintaining])

      for (const client of clients) await finish(client, [one, other])
      const wrong = await compare(clients, one.session, version)
      await explain(clients, one.session, version, history)
      const rows = await countRows(one.session)
      expect(replicated.replica.reads).toBeGreaterThan(0)
      report({
        version,
        server: await versionOf(one.session),
        rows,
        replicaReads: replicated.replica.reads,
        written,
        tally,
        ...disturbed,
        wrong,
        started,
      })
      expect({
        repeats: tally.repeats.slice(0, 5),
        phantoms: tally.phantoms.slice(0, 20),
        wrong: wrong.slice(0, 20),
      }).toEqual({ repeats: [], phantoms: [], wrong: [] })
      await caughtUp(one.session, lagging.session)
      const before = tally.events
      for (const client of clients) await client.pull(lagging)
      expect([tally.events - before, await compare(clients, lagging.session, version)]).toEqual([0, []])
    },
  )
})

/** What an operator does meanwhile. */
async function maintain(url: string, history: History, isOver: () => boolean): Promise<void> {
  await using session = openSession(url)
  while (!isOver()) {
    const statement = oneOf([
      'CHECKPOINT',
      'VACUUM',
      'VACUUM FREEZE',
      'VACUUM FULL sipcalls',
      'VACUUM FULL siptextmessages',
      'VACUUM FULL pushtests',
      'ANALYZE',
    ])
    history.note(statement)
    await session.query(statement).catch(() => undefined)
    history.note(`ended ${statement}`)
    await sleep(below(1_000))
  }
}

/** Crashes and kills, spread over the run. */
async function disturb(
  server: OwnServer,
  written: Written,
  history: History,
): Promise<{ crashes: number; kills: number }> {
  const all = counts.crashes + counts.kills
  const done = { crashes: 0, kills: 0 }
  for (let n = 1; n <= all; n++) {
    await until('more is written', () => written.versions >= (counts.versions * n) / (all + 1), 1_800_000)
    const isCrash = n % 2 === 0 && done.crashes < counts.crashes
    if (isCrash || done.kills === counts.kills) {
      const signal = oneOf(['SIGKILL', 'SIGQUIT'] as const)
      history.note(`crash ${signal}`)
      await server.crash({ signal })
      history.note('up again')
      done.crashes++
    } else {
      history.note(`kill ${await kill(server.url, done.kills % 5 === 4)}`)
      done.kills++
    }
  }
  return done
}

/** Ends one backend: a terminated one rolls back, one that is killed makes the server start anew. */
async function kill(url: string, isHard: boolean): Promise<string> {
  await using session = openSession(url)
  const found = await session.query(
    `SELECT pid, application_name || ' ' || query FROM pg_stat_activity
     WHERE application_name IN ('a writer of the test', 'sipis-gateway test') AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`,
  )
  const [[pid, what] = []] = found
  if (pid == null) return 'nothing'
  if (isHard) process.kill(Number(pid), 'SIGKILL')
  else await session.query('SELECT pg_terminate_backend($1)', [pid])
  return `${isHard ? 'hard' : ''} ${what}`
}

/** Pulls what is left, and asks for all that is held. */
async function finish(client: Client, [one, other]: readonly [Door, Door]): Promise<void> {
  for (let calm = 0, isOne = false; calm < 3; isOne = !isOne) {
    const before = new Map(client.held)
    const hasMore = await client.pull(isOne ? one : other)
    calm = hasMore || !isEqual(before, client.held) ? 0 : calm + 1
  }
  if (client.foreign.length === 0) await client.sweep(one)
}

function isEqual(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([id, stamp]) => other.get(id) === stamp)
}

/** Where what clients hold differs from what the tables hold. */
async function compare(clients: readonly Client[], session: Session, version: SchemaVersion): Promise<string[]> {
  const wrong: string[] = []
  for (const { held, number, foreign } of clients) {
    wrong.push(...foreign)
    const stored = await contentsOf(session, version, number)
    for (const [id, stamp] of stored) if (held.get(id) !== stamp) wrong.push(`missed ${stamp}, holds ${held.get(id)}`)
    for (const [id, stamp] of held) if (!stored.has(id)) wrong.push(`holds ${stamp}, which is not stored`)
  }
  return wrong
}

/** Says of a row of each transaction that a client has missed how that came. */
async function explain(
  clients: readonly Client[],
  session: Session,
  version: SchemaVersion,
  history: History,
): Promise<void> {
  const known = new Set<string>()
  for (const { name, held, number } of clients) {
    const xids = await xidsOf(session, version, number)
    for (const [id, { stamp, xid }] of xids) {
      const transaction = `${name} ${xid}`
      if (held.get(id) === stamp || known.has(transaction) || known.size === 5) continue
      known.add(transaction)
      const explained = history.explain(name, { id, stamp, xid })
      process.stdout.write(`${name} of selector ${number} has missed ${stamp} of transaction ${xid}:\n${explained}\n`)
    }
  }
}

async function countRows(session: Session): Promise<number> {
  const counted = await session.query(
    'SELECT (SELECT count(*) FROM sipcalls) + (SELECT count(*) FROM siptextmessages) + (SELECT count(*) FROM pushtests)',
  )
  return Number(counted[0]?.[0])
}

async function versionOf(session: Session): Promise<string> {
  return String((await session.query('SHOW server_version'))[0]?.[0])
}

interface Figures {
  readonly version: SchemaVersion
  readonly server: string
  readonly rows: number
  readonly replicaReads: number
  readonly written: Written
  readonly tally: Tally
  readonly crashes: number
  readonly kills: number
  readonly wrong: readonly string[]
  readonly started: number
}

function report({ written, tally, wrong, started, ...rest }: Figures): void {
  if (!isFull && wrong.length === 0) return
  const { rolledBack, ...counted } = written
  const figures = {
    ...rest,
    ...counted,
    rolledBack: rolledBack.size,
    ...tally,
    repeats: tally.repeats.length,
    phantoms: tally.phantoms.length,
    wrong: wrong.length,
    seconds: Math.round((performance.now() - started) / 1_000),
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
