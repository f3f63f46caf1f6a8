/** Runs generated histories of a server, with crashes and standbys, against a client that pages through its changes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { advance } from '../../src/live/advance.ts'
import type { Position } from '../../src/live/position.ts'
import { greatest, least, seenOf, startAt } from '../../src/live/position.ts'
import { createTokens } from '../../src/live/tokens.ts'
import type { RowVersion, Sight } from '../../src/loaders/changes.ts'
import { times } from '../support/counts.ts'

interface Stored {
  readonly version: RowVersion
  /** Position in the log of the commit. */
  readonly committed: bigint
}

/**
 * A server: transactions get ids in order, commit in any order, and leave records in a log that is flushed up to a place. A crash undoes
 * what is not flushed, and gives ids out again from the last one that the log or the checkpoint knows.
 */
class Server {
  next = 1_000n
  log = 1n
  flushed = 1n
  checkpoint = 1_000n
  checkpointLsn = 0n
  rows: Stored[] = []
  open = new Map<bigint, RowVersion[]>()
  /** The highest id of the log, by place. */
  records: { lsn: bigint; xid: bigint }[] = []
  keys = 0
  readonly isAsync: boolean

  constructor(isAsync: boolean) {
    this.isAsync = isAsync
  }

  begin(): void {
    this.open.set(this.next++, [])
  }

  insert(xid: bigint, count: number): void {
    for (let n = 0; n < count; n++) {
      const key = `${++this.keys}`
      this.open.get(xid)?.push({ kind: 'CALL', key, digest: 'then', xid, ctid: key, owner: 'one' })
      this.records.push({ lsn: ++this.log, xid })
    }
  }

  commit(xid: bigint): void {
    const rows = this.open.get(xid) ?? []
    this.open.delete(xid)
    // A transaction that has written nothing leaves no record.
    if (rows.length === 0) return
    this.records.push({ lsn: ++this.log, xid })
    this.rows.push(...rows.map((version) => ({ version, committed: this.log })))
    if (!this.isAsync) this.flushed = this.log
  }

  rollback(xid: bigint): void {
    this.open.delete(xid)
  }

  remove(index: number): void {
    this.rows.splice(index % Math.max(1, this.rows.length), 1)
    this.log++
  }

  doCheckpoint(): void {
    // The record of the checkpoint.
    this.checkpointLsn = ++this.log
    this.flushed = this.log
    this.checkpoint = this.next
  }

  /** A transaction that writes much and has no row here. */
  bulk(records: number): void {
    const xid = this.next++
    for (let n = 0; n < records; n++) this.records.push({ lsn: ++this.log, xid })
    this.flushed = this.log
  }

  crash(): void {
    this.open.clear()
    this.rows = this.rows.filter(({ committed }) => committed <= this.flushed)
    this.records = this.records.filter(({ lsn }) => lsn <= this.flushed)
    const known = this.records.reduce((next, { xid }) => greatest(next, xid + 1n), this.checkpoint)
    this.next = known
    this.log = this.flushed
    this.doCheckpoint()
  }

  sight(mark: bigint | null, limit: number): Sight {
    const xmin = [...this.open.keys()].reduce(least, this.next)
    const base = mark ?? least(xmin, this.checkpoint)
    const versions = this.rows
      .map(({ version }) => version)
      .filter(({ xid }) => xid >= base)
      .sort((one, other) => Number(one.xid - other.xid) || Number(one.key) - Number(other.key))
      .slice(0, limit)
    return {
      identity: 'one',
      timeline: 1,
      isStandby: false,
      xmin,
      xmax: this.next,
      checkpointXid: this.checkpoint,
      checkpoint: this.checkpointLsn,
      inserted: this.log,
      flushed: this.flushed,
      versions,
      isCut: versions.length === limit,
      lowestXmin: undefined,
    }
  }
}

type Move =
  | { readonly move: 'begin' | 'checkpoint' | 'crash' | 'flush' | 'bulk' }
  | { readonly move: 'insert' | 'commit' | 'rollback' | 'remove' | 'pull'; readonly n: number }

const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Move>({ move: 'begin' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Move>({ move: 'checkpoint' }, { move: 'crash' }, { move: 'flush' }, { move: 'bulk' }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        move: fc.constantFrom('insert', 'insert', 'commit', 'commit', 'rollback', 'remove', 'pull', 'pull' as const),
        n: fc.nat(40),
      }) as fc.Arbitrary<Move>,
    },
  ),
  { minLength: 30, maxLength: 150, size: 'max' },
)

const tokens = createTokens({ secrets: ['a secret of the test'] })

/** A client that keeps a token, as a string. */
class Client {
  readonly delivered = new Map<string, number>()
  resets = 0
  #token: string | undefined

  pull(server: Server, first: number): boolean {
    const position = this.#token === undefined ? undefined : tokens.open(this.#token, 'scope')
    if (position === undefined) {
      this.#start(server)
      return false
    }
    const bounds = { first, mostVersions: 1_000, mostSeen: 1_000 }
    const step = advance(position, server.sight(position.mark, 2_001), bounds)
    if (step.reset !== null) {
      this.resets++
      this.#start(server)
      return false
    }
    for (const { key, xid } of step.versions) {
      const name = `${key}/${xid}`
      this.delivered.set(name, (this.delivered.get(name) ?? 0) + 1)
    }
    this.#keep(step.position)
    return step.hasMore
  }

  #start(server: Server): void {
    const sight = server.sight(null, 2_001)
    // What is there is read from the lists.
    for (const { key, xid } of server.rows.map(({ version }) => version)) this.delivered.set(`${key}/${xid}`, 1)
    this.#keep(startAt(sight, 1_000))
  }

  #keep(position: Position): void {
    this.#token = tokens.seal(position, 'scope')
    expect(tokens.open(this.#token, 'scope')).toEqual({
      ...position,
      seen: position.seen.toSorted((one, other) => Number(one.xid - other.xid)),
    })
  }
}

function play(server: Server, client: Client, moves: readonly Move[]): void {
  client.pull(server, 1)
  for (const step of moves) {
    const ids = [...server.open.keys()]
    const chosen = 'n' in step ? ids[step.n % Math.max(1, ids.length)] : undefined
    switch (step.move) {
      case 'begin':
        server.begin()
        break
      case 'checkpoint':
        server.doCheckpoint()
        break
      case 'crash':
        server.crash()
        break
      case 'flush':
        server.flushed = server.log
        break
      case 'bulk':
        server.bulk(5)
        break
      case 'insert':
        if (chosen !== undefined) server.insert(chosen, 1 + (step.n % 3))
        break
      case 'commit':
        if (chosen !== undefined) server.commit(chosen)
        break
      case 'rollback':
        if (chosen !== undefined) server.rollback(chosen)
        break
      case 'remove':
        server.remove(step.n)
        break
      case 'pull':
        client.pull(server, step.n % 4)
    }
  }
}

it.each([
  ['that flushes each commit', false],
  ['that flushes commits late', true],
])('Each row of a server %s is delivered exactly once, whatever commits late, rolls back or crashes', (_, isAsync) => {
  let rows = 0
  fc.assert(
    fc.property(moves, (history) => {
      const [server, client] = [new Server(isAsync), new Client()]
      play(server, client, history)
      for (const xid of [...server.open.keys()]) server.commit(xid)
      while (client.pull(server, 5));
      const names = server.rows.map(({ version: { key, xid } }) => `${key}/${xid}`)
      rows += names.length
      expect(names.filter((name) => !client.delivered.has(name))).toEqual([])
      expect([...client.delivered].filter(([, count]) => count > 1)).toEqual([])
      // A crash alone is no reason to read the lists anew.
      if (!isAsync) expect(client.resets).toBe(0)
    }),
    { numRuns: times(20_000, 600) },
  )
  expect(rows).toBeGreaterThan(1_000)
})

it('Marks follow the transactions soon, also between checkpoints', () => {
  const [server, client] = [new Server(false), new Client()]
  client.pull(server, 5)
  for (let n = 0; n < 2_000; n++) {
    server.begin()
    const [xid = 0n] = server.open.keys()
    server.insert(xid, 1)
    server.commit(xid)
    client.pull(server, 5)
  }
  expect([client.resets, client.delivered.size]).toEqual([0, 2_000])
})

it('A crash ends the wait for the log, which is filled anew from there', () => {
  const [server, client] = [new Server(true), new Client()]
  const store = () => {
    server.begin()
    const [xid = 0n] = server.open.keys()
    server.insert(xid, 1)
    server.commit(xid)
  }
  client.pull(server, 5)
  server.begin()
  server.rollback(server.next - 1n)
  store()
  client.pull(server, 5)
  server.crash()
  server.bulk(10)
  store()
  client.pull(server, 5)
  server.crash()
  store()
  client.pull(server, 5)
  expect([client.resets, ...client.delivered.keys()]).toEqual([0, '1/1001', '2/1001', '3/1001'])
})

it('A standby of an earlier timeline has nothing new', () => {
  const server = new Server(false)
  const bounds = { first: 5, mostVersions: 1_000, mostSeen: 1_000 }
  const position = startAt({ ...server.sight(null, 10), timeline: 2 }, 10)
  server.begin()
  server.insert(1_000n, 1)
  server.commit(1_000n)
  const behind = { ...server.sight(position.mark, 10), isStandby: true, timeline: 1 }
  expect(advance(position, behind, bounds)).toEqual({ reset: null, versions: [], position, hasMore: false })
  const followed = advance(position, { ...behind, timeline: 2 }, bounds)
  expect(followed).toMatchObject({ reset: null, versions: [{ key: '1' }] })
  expect(advance(position, { ...behind, timeline: 3 }, bounds)).toEqual({ reset: 'DATABASE_CHANGED' })
})

it('A row that was not found is not taken for another one of its transaction that has the same tag', () => {
  const server = new Server(false)
  const bounds = { first: 5, mostVersions: 10_000, mostSeen: 10_000 }
  const position = startAt(server.sight(null, 10_000), 10_000)
  server.begin()
  server.insert(1_000n, 2_000)
  server.commit(1_000n)
  const sight = server.sight(position.mark, 10_000)
  const tags = sight.versions.map((version) => seenOf(version).tag)
  const missing = sight.versions.filter((_, index) => tags.indexOf(tags[index] ?? 0) < index)
  expect(missing).not.toEqual([])
  const first = advance(position, sight, bounds, new Set(missing))
  if (first.reset !== null) throw new Error('It is a reset.')
  expect(first).toMatchObject({ versions: [], hasMore: true })
  expect(advance(first.position, sight, bounds)).toMatchObject({ versions: sight.versions, hasMore: false })
})
