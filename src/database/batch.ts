/**
 * Sends several statements as one batch: one message, one implicit transaction, one response. A message and a transaction for each
 * look-up would cost more than the look-up.
 *
 * Does not request column descriptions, because all values stay as PostgreSQL prints them: a Date or a number would lose
 * microseconds, infinity and 64-bit integers.
 */
import pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'
import { serialize } from 'pg-protocol'
import { DatabaseError, databaseError, silent } from '../errors/database-error.ts'
import { destroyConnection } from './client.ts'
import type { Statement, Values } from './database.ts'
import type { SilenceWatch } from './silence-watch.ts'
import { createSilenceWatch } from './silence-watch.ts'

/** A connection with the state of its session. */
export interface BatchClient<Client extends pg.ClientBase = pg.ClientBase> {
  readonly client: Client
  /** Names of the prepared statements. A name is added once its statement has run, because a failure before it skips it. */
  readonly prepared: Set<string>
  readonly maxPrepared: number
  /** First statement of each batch; behind a pooler it applies the session settings. */
  readonly prologue: Statement | undefined
  /** Number of names that are sent but not yet in `prepared`. */
  parsing: number
  /** Destroys the connection if the server does not answer. */
  readonly watch: SilenceWatch
}

export interface BatchClientOptions {
  /** false for connection poolers that run each statement in another session. */
  readonly preparedStatements: boolean
  /** The statement_timeout of the server. */
  readonly statementTimeoutMs: number
  readonly onSilent: () => void
  readonly prologue?: Statement | undefined
}

/** Maximum number of prepared statements of a session. Limits its memory on the server, because there are more statements than this. */
const maxPrepared = 200
/** Grace period after the statement timeout; then the connection is considered dead. */
const graceMs = 500

export function createBatchClient<Client extends pg.ClientBase>(
  client: Client,
  { preparedStatements, statementTimeoutMs, onSilent, prologue }: BatchClientOptions,
): BatchClient<Client> {
  const silenceMs = statementTimeoutMs + graceMs
  const watch = createSilenceWatch(silenceMs, () => {
    destroyConnection(client, silent(silenceMs))
    onSilent()
  })
  // A pooler may run each batch in another session, which lacks the prepared statements of this one.
  const mayPrepare = preparedStatements && prologue === undefined
  return { client, prepared: new Set(), maxPrepared: mayPrepare ? maxPrepared : 0, prologue, parsing: 0, watch }
}

/** The rows of a statement, its failure, or undefined if the server skipped it because an earlier statement of the batch failed. */
export type Outcome = Values[] | DatabaseError | undefined

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

/** Serializes the values of an entry. A value that the driver cannot serialize fails only this entry. */
function serialized(entry: Entry): SerializedEntry | undefined {
  try {
    return { ...entry, values: entry.statement.values.map(prepareValue) }
  } catch {
    entry.settle(new DatabaseError('input', '22000', 'a value cannot be sent to PostgreSQL'))
    return undefined
  }
}

/**
 * Runs one statement as a batch of its own.
 *
 * @throws DatabaseError if the statement fails
 */
export async function runAlone(client: BatchClient, statement: Statement): Promise<Values[]> {
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

/** A batch as a query of the driver, which calls a `handle…` method for each message of the server. */
class Batch extends pg.Query {
  readonly #client: BatchClient
  readonly #onEnd: () => void
  /** Names that this batch prepares, by the index of their entry. */
  readonly #parsed = new Map<number, string>()
  #entries: readonly SerializedEntry[]
  #settled = 0
  #isInPrologue: boolean
  #isSent = false
  #rows: Values[] = []

  constructor(client: BatchClient, entries: readonly SerializedEntry[], onEnd: () => void) {
    super({ text: '' })
    this.#client = client
    this.#entries = entries
    this.#onEnd = onEnd
    this.#isInPrologue = client.prologue !== undefined
    const messages = entries.flatMap((entry, place) => this.#messagesOf(entry, place))
    const all = Buffer.concat([...prologueMessages(client), ...messages, serialize.sync()])
    // The driver treats a return value as an error.
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
    // The name may exist, from a failed statement or a pending batch. Closing a name that does not exist is not an error.
    return [serialize.close({ type: 'S', name: known }), parse, ...run]
  }

  handleDataRow({ fields }: { fields: Values }): void {
    const keepsBytes = this.#entries[this.#settled]?.statement.keepsBytes === true
    this.#rows.push(keepsBytes ? fields : [...fields])
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
    // Releases the rows, because the driver keeps a reference to the query after its end.
    this.#entries = []
    this.#onEnd()
  }
}

function prologueMessages({ prologue }: BatchClient): Buffer[] {
  if (prologue === undefined) return []
  return [serialize.parse({ name: '', text: prologue.text }), serialize.bind({}), serialize.execute()]
}
