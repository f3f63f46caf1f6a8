/**
 * Batches: several statements in one message, one transaction and one answer. Each of these costs more than a look-up.
 *
 * Rows come without a description of their columns, because all values stay as PostgreSQL prints them: a Date or a number would
 * lose microseconds, infinity and 64-bit integers.
 */
import pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'
import { serialize } from 'pg-protocol'
import { DatabaseError, databaseError, silent } from '../errors/database-error.ts'
import { destroyConnection } from './client.ts'
import type { Statement, Value } from './database.ts'
import type { SilenceWatch } from './silence-watch.ts'
import { createSilenceWatch } from './silence-watch.ts'

/** A connection, and what is known of its session. */
export interface BatchClient<Client extends pg.ClientBase = pg.ClientBase> {
  readonly client: Client
  /** Names of statements that the server has prepared. A name counts once its statement has run: a failure before it skips it. */
  readonly prepared: Set<string>
  readonly maxPrepared: number
  /** Begins each batch: behind a pooler it carries the settings of the session. */
  readonly prologue: Statement | undefined
  /** How many names are sent and do not count yet. */
  parsing: number
  /** Destroys the connection if the server does not answer. */
  readonly watch: SilenceWatch
}

export interface BatchClientOptions {
  /** false behind connection poolers that give each statement another session */
  readonly preparedStatements: boolean
  /** The time that the server gives each statement. */
  readonly statementTimeoutMs: number
  readonly onSilent: () => void
  readonly prologue?: Statement | undefined
}

/** Bounds the memory of a session on the server: there are more shapes of statements than this. */
const maxPrepared = 200
/** How much later than its time limit the server may end a statement before the connection is taken for dead. */
const lateMs = 500

export function createBatchClient<Client extends pg.ClientBase>(
  client: Client,
  { preparedStatements, statementTimeoutMs, onSilent, prologue }: BatchClientOptions,
): BatchClient<Client> {
  const silenceMs = statementTimeoutMs + lateMs
  const watch = createSilenceWatch(silenceMs, () => {
    destroyConnection(client, silent(silenceMs))
    onSilent()
  })
  // A pooler gives each batch another session, which does not know the names of this one.
  const mayPrepare = preparedStatements && prologue === undefined
  return { client, prepared: new Set(), maxPrepared: mayPrepare ? maxPrepared : 0, prologue, parsing: 0, watch }
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
  const sendable = entries.flatMap((entry) => serialized(entry) ?? [])
  if (sendable.length === 0) onEnd()
  else client.client.query(new Batch(client, sendable, onEnd))
}

interface SerializedEntry extends Entry {
  readonly values: (Buffer | string | null)[]
}

/** A value that the driver cannot serialize fails its own statement alone. */
function serialized(entry: Entry): SerializedEntry | undefined {
  try {
    return { ...entry, values: entry.statement.values.map(prepareValue) }
  } catch {
    entry.settle(new DatabaseError('input', '22000', 'a value cannot be sent to PostgreSQL'))
    return undefined
  }
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
  #entries: readonly SerializedEntry[]
  #settled = 0
  #isInPrologue: boolean
  #isSent = false
  #rows: Value[][] = []

  constructor(client: BatchClient, entries: readonly SerializedEntry[], onEnd: () => void) {
    super({ text: '' })
    this.#client = client
    this.#entries = entries
    this.#onEnd = onEnd
    this.#isInPrologue = client.prologue !== undefined
    const messages = entries.flatMap((entry, place) => this.#messagesOf(entry, place))
    const all = Buffer.concat([...prologueMessages(client), ...messages, serialize.sync()])
    // The driver would take a return value for an error.
    this.submit = ({ stream }): void => {
      client.watch.sent()
      this.#isSent = true
      stream.write(all)
    }
  }

  #messagesOf({ statement: { text, name }, values }: SerializedEntry, place: number): Buffer[] {
    const { prepared, maxPrepared, parsing } = this.#client
    const mayPrepare = prepared.size + parsing < maxPrepared
    const known = name !== undefined && (prepared.has(name) || mayPrepare) ? name : ''
    const run = [serialize.bind({ statement: known, values }), serialize.execute()]
    if (prepared.has(known)) return run
    const parse = serialize.parse({ name: known, text })
    if (known === '') return [parse, ...run]
    this.#parsed.set(place, known)
    this.#client.parsing++
    // The name may exist: of a statement that failed, or of a batch that is under way. Closing one that does not exist is no error.
    return [serialize.close({ type: 'S', name: known }), parse, ...run]
  }

  handleDataRow({ fields }: { fields: Value[] }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete(): void {
    const rows = this.#rows
    this.#rows = []
    if (this.#isInPrologue) {
      this.#isInPrologue = false
      return
    }
    const name = this.#parsed.get(this.#settled)
    if (name !== undefined) this.#client.prepared.add(name)
    this.#client.watch.progress()
    this.#entries[this.#settled++]?.settle(rows)
  }

  handleError(error: Error): void {
    this.#client.watch.progress()
    this.#entries[this.#settled++]?.settle(databaseError(error))
    this.#end()
  }

  handleReadyForQuery(): void {
    this.#end()
  }

  #end(): void {
    if (this.#isSent) this.#client.watch.ended()
    this.#isSent = false
    this.#client.parsing -= this.#parsed.size
    this.#parsed.clear()
    for (const entry of this.#entries.slice(this.#settled)) entry.settle(undefined)
    // The driver holds a query longer than it needs it, and with it every row that was read.
    this.#entries = []
    this.#onEnd()
  }
}

function prologueMessages({ prologue }: BatchClient): Buffer[] {
  if (prologue === undefined) return []
  return [serialize.parse({ name: '', text: prologue.text }), serialize.bind({}), serialize.execute()]
}
