/** Writers as SIPIS and everything else that a database has: transactions of all kinds, which commit, roll back or are cut off. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { times } from '../support/counts.ts'
import { selectorNamed } from '../support/rows.ts'
import { below, chance, oneOf } from './chance.ts'
import type { History } from './history.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'
import type { Kind } from './tables.ts'
import { insertion, kinds, tables } from './tables.ts'

export interface Written {
  /** Versions whose transaction has committed, as far as its writer knows. */
  versions: number
  transactions: number
  /** Transactions that a lost connection has left open or unknown. */
  lost: number
  /** Stamps of what was certainly rolled back. */
  readonly rolledBack: Set<string>
}

export interface WriterOptions {
  readonly url: string
  readonly version: SchemaVersion
  readonly selectors: number
  readonly written: Written
  readonly history: History
  readonly isOver: () => boolean
}

/** A row that this writer has stored, so that no other one changes it. */
interface Own {
  readonly kind: Kind
  readonly key: string
}

/** A transaction: what it has stored, to be known once its end is known. */
interface Draft {
  readonly stamps: string[]
  readonly rows: Own[]
  versions: number
}

const mostOwn = 500

/** Runs one writer until it is over. */
export async function write(name: string, options: WriterOptions): Promise<void> {
  await using session = openSession(options.url, true)
  await new Writer(name, session, options).run()
}

class Writer {
  readonly #name: string
  readonly #session: Session
  readonly #options: WriterOptions
  #own: Own[] = []
  readonly #prepared: string[] = []
  #count = 0

  constructor(name: string, session: Session, options: WriterOptions) {
    this.#name = name
    this.#session = session
    this.#options = options
  }

  async run(): Promise<void> {
    const { written, isOver } = this.#options
    while (!isOver() || this.#prepared.length > 0) {
      try {
        if (this.#prepared.length > (isOver() ? 0 : below(4))) await this.#endPrepared()
        if (!isOver()) await this.#transaction()
        written.transactions++
      } catch {
        // The server was stopped, or the backend killed.
        written.lost++
        await sleep(20)
      }
    }
  }

  async #transaction(): Promise<void> {
    const draft: Draft = { stamps: [], rows: [], versions: 0 }
    const isPrepared = chance(4)
    try {
      await this.#session.query(`BEGIN; SET LOCAL lock_timeout = '5s'`)
      if (chance(15)) await this.#session.query('SET LOCAL synchronous_commit = off')
      for (let steps = 1 + below(4); steps > 0; steps--) await this.#step(draft, isPrepared)
      // Late: transactions that begin meanwhile commit before.
      if (chance(6)) await sleep(below(300))
    } catch (error) {
      this.#undone(draft.stamps)
      throw error
    }
    this.#note(isPrepared ? 'prepares' : 'ends', draft)
    if (isPrepared) return this.#prepare(draft)
    if (chance(8)) {
      this.#undone(draft.stamps)
      return void (await this.#session.query('ROLLBACK'))
    }
    await this.#session.query('COMMIT')
    this.#note('committed', draft)
    this.#done(draft)
  }

  async #step(draft: Draft, isPrepared: boolean): Promise<void> {
    const drawn = below(100)
    if (drawn < 8) return this.#savepoint(draft)
    if (drawn < 14) return this.#block(draft)
    // A prepared transaction keeps its locks.
    if (drawn < 26 && !isPrepared) return this.#update(draft)
    if (drawn < 32 && !isPrepared) return this.#remove(draft)
    if (drawn < 36) return this.#rule()
    if (drawn < 38) return void (await this.#session.query('SELECT txid_current()'))
    await this.#insert(draft)
  }

  async #insert(draft: Draft): Promise<void> {
    const { text, kind, stamp, rows } = this.#insertion()
    draft.stamps.push(stamp)
    const keys = await this.#session.query(text)
    draft.versions += rows
    draft.rows.push(...keys.slice(0, 3).map(([key]) => ({ kind, key: key ?? '' })))
  }

  async #savepoint(draft: Draft): Promise<void> {
    await this.#session.query('SAVEPOINT one')
    const { text, stamp, rows } = this.#insertion()
    await this.#session.query(text)
    if (chance(50)) {
      draft.stamps.push(stamp)
      draft.versions += rows
      return void (await this.#session.query('RELEASE one'))
    }
    this.#undone([stamp])
    await this.#session.query('ROLLBACK TO one')
  }

  /** A block of PL/pgSQL with a handler is a subtransaction. */
  async #block(draft: Draft): Promise<void> {
    const { text, stamp, rows } = this.#insertion()
    const fails = chance(30)
    if (fails) this.#undone([stamp])
    else draft.stamps.push(stamp)
    draft.versions += fails ? 0 : rows
    const insert = text.replace(/RETURNING .*$/, '')
    const raise = fails ? `RAISE EXCEPTION 'undone';` : ''
    await this.#session.query(`DO $$ BEGIN ${insert}; ${raise} EXCEPTION WHEN OTHERS THEN NULL; END $$`)
  }

  async #update(draft: Draft): Promise<void> {
    const row = this.#own[below(this.#own.length)]
    if (row === undefined) return
    const { name, key, stamp: column } = tables[row.kind]
    const stamp = this.#stamp()
    draft.stamps.push(stamp)
    draft.versions++
    const concluded = row.kind === 'PUSH_TEST' ? ', concluded = localtimestamp' : ''
    const change = `${column} = '${stamp}.1'${concluded}`
    await this.#session.query(`UPDATE ${name} SET ${change} WHERE ${key} = $1`, [row.key])
  }

  async #remove(draft: Draft): Promise<void> {
    const at = below(this.#own.length)
    const [row] = this.#own.splice(at, 1)
    if (row === undefined) return
    const { name, key, stamp: column } = tables[row.kind]
    if (chance(70)) return void (await this.#session.query(`DELETE FROM ${name} WHERE ${key} = $1`, [row.key]))
    // Stored anew in the same transaction, as an upsert by hand does it.
    const stamp = this.#stamp()
    draft.stamps.push(stamp)
    draft.versions++
    await this.#session.query(
      `WITH old AS (DELETE FROM ${name} WHERE ${key} = $1 RETURNING *)
       INSERT INTO ${name} SELECT (jsonb_populate_record(NULL::${name}, to_jsonb(old) || '{"${column}": "${stamp}.1"}')).* FROM old`,
      [row.key],
    )
    this.#own.push(row)
  }

  /** Rules and upserts take transactions, too. */
  async #rule(): Promise<void> {
    const { version, selectors } = this.#options
    const number = 1 + below(selectors)
    const cells = `'${this.#name}', 'app'`
    await this.#session.query(
      version === 'V1'
        ? `INSERT INTO tokens (id, token, appid) SELECT ${number}, ${cells}`
        : `INSERT INTO tokens (selector, token, appid) VALUES ('${selectorNamed(number)}', ${cells})
           ON CONFLICT (selector, token, appid) DO UPDATE SET lastseen = now()`,
    )
  }

  async #prepare(draft: Draft): Promise<void> {
    const id = `${this.#name}.${++this.#count}`
    await this.#session.query(`PREPARE TRANSACTION '${id}'`)
    this.#note(`prepared ${id} of`, draft)
    this.#prepared.push(id)
    this.#options.written.versions += draft.versions
  }

  async #endPrepared(): Promise<void> {
    const [id] = this.#prepared
    try {
      await this.#session.query(`COMMIT PREPARED '${id}'`)
      this.#options.history.note(`committed ${id}`)
    } catch (error) {
      // It had ended with the connection that was lost.
      if (!(error instanceof Error && error.message.includes('does not exist'))) throw error
    }
    this.#prepared.shift()
  }

  #insertion() {
    const kind = oneOf(kinds)
    const { version, selectors } = this.#options
    const stamp = this.#stamp()
    const rows = chance(4) ? 200 : 1 + below(times(60, 8))
    const time = chance(30) ? `'2001-01-01'` : 'localtimestamp'
    return { kind, stamp, rows, text: insertion(version, { kind, selector: 1 + below(selectors), stamp, rows, time }) }
  }

  #stamp(): string {
    return `${this.#name}-${++this.#count}`
  }

  #done({ rows, versions }: Draft): void {
    this.#options.written.versions += versions
    this.#own = [...this.#own, ...rows].slice(-mostOwn)
  }

  #note(what: string, { stamps }: Draft): void {
    this.#options.history.note(`${this.#name} ${what} ${stamps.join(' ')}`)
  }

  #undone(stamps: readonly string[]): void {
    for (const stamp of stamps) this.#options.written.rolledBack.add(stamp)
  }
}
