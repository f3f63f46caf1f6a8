/**
 * Batches: several statements in one message, one transaction and one answer. Each of these costs more than a look-up.
 *
 * Rows come without a description of their columns, because all values stay as PostgreSQL prints them: a Date or a number would
 * lose microseconds, infinity and 64-bit integers.
 */
import pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'
import { serialize } from 'pg-protocol'
import { DatabaseError, databaseError } from '../errors/database-error.ts'
import type { Statement, Value } from './database.ts'

/** A connection, and the statements that it has prepared. */
export interface BatchClient<Client extends pg.ClientBase = pg.ClientBase> {
  readonly client: Client
  /** By name. */
  readonly prepared: Set<string>
  readonly maxPrepared: number
}

/** Bounds the memory of a session on the server: there are more shapes of statements than this. */
const maxPrepared = 200

/** @param preparedStatements false behind connection poolers that give each statement another session */
export function createBatchClient<Client extends pg.ClientBase>(
  client: Client,
  preparedStatements: boolean,
): BatchClient<Client> {
  return { client, prepared: new Set(), maxPrepared: preparedStatements ? maxPrepared : 0 }
}

/** The rows of a statement, its failure, or undefined if the server did not run it because one before it failed. */
export type Outcome = Value[][] | DatabaseError | undefined

/** One statement of a batch. */
export interface Entry {
  readonly statement: Statement
  /** Called once, as soon as the outcome of this statement is known. */
  settle(outcome: Outcome): void
}

/** Sends statements as one message. `onEnd` is called after every entry is settled. */
export function sendBatch(client: BatchClient, entries: readonly Entry[], onEnd: () => void): void {
  client.client.query(new Batch(client, entries, onEnd))
}

/** Runs one statement by itself. */
export async function runAlone(client: BatchClient, statement: Statement): Promise<Value[][]> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let outcome: Outcome
  const settle = (found: Outcome) => {
    outcome = found
  }
  sendBatch(client, [{ statement, settle }], resolve)
  await promise
  if (outcome instanceof DatabaseError) throw outcome
  return outcome ?? []
}

/** The driver's client calls the methods that are named after what the server says. */
class Batch extends pg.Query {
  readonly #client: BatchClient
  readonly #onEnd: () => void
  /** The names that are new to the session, by the place of their statement. */
  readonly #parsed = new Map<number, string>()
  #entries: readonly Entry[]
  #settled = 0
  #rows: Value[][] = []

  constructor(client: BatchClient, entries: readonly Entry[], onEnd: () => void) {
    super({ text: '' })
    this.#client = client
    this.#entries = entries
    this.#onEnd = onEnd
    const messages = entries.flatMap(({ statement }, place) => this.#messagesOf(statement, place))
    const all = Buffer.concat([...messages, serialize.sync()])
    // The driver would take a return value for an error.
    this.submit = ({ stream }): void => {
      stream.write(all)
    }
  }

  #messagesOf({ text, name, values }: Statement, place: number): Buffer[] {
    const { prepared, maxPrepared } = this.#client
    const known = name !== undefined && (prepared.has(name) || prepared.size < maxPrepared) ? name : ''
    const run = [serialize.bind({ statement: known, values: values.map(prepareValue) }), serialize.execute()]
    if (prepared.has(known)) return run
    const parse = serialize.parse({ name: known, text })
    if (known === '') return [parse, ...run]
    prepared.add(known)
    this.#parsed.set(place, known)
    // A failed statement may have left its name behind. Closing a name that does not exist is no error.
    return [serialize.close({ type: 'S', name: known }), parse, ...run]
  }

  handleDataRow({ fields }: { fields: Value[] }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete(): void {
    const rows = this.#rows
    this.#rows = []
    this.#entries[this.#settled++]?.settle(rows)
  }

  handleError(error: Error): void {
    for (const [place, name] of this.#parsed) if (place >= this.#settled) this.#client.prepared.delete(name)
    this.#entries[this.#settled++]?.settle(databaseError(error))
    this.#end()
  }

  handleReadyForQuery(): void {
    this.#end()
  }

  #end(): void {
    for (const entry of this.#entries.slice(this.#settled)) entry.settle(undefined)
    // The driver holds a query longer than it needs it, and with it every row that was read.
    this.#entries = []
    this.#onEnd()
  }
}
