/**
 * Statements that travel together: one message to the server, one transaction there, one answer back. Each part of that costs
 * more than what a look-up does.
 *
 * Nothing is asked about the columns of the rows, for all values stay as PostgreSQL prints them: a Date or a number would lose
 * microseconds, infinity and 64-bit integers.
 */
import pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'
import { serialize } from 'pg-protocol'
import type { Statement, Value } from './database.ts'
import { DatabaseError, databaseError } from './database-error.ts'

/** A connection, and the statements that it has prepared. */
export interface Session {
  readonly client: pg.ClientBase
  /** By name. */
  readonly prepared: Set<string>
  readonly maxPrepared: number
}

/** Statements have a finite number of shapes, but a session has not the memory for all of them. */
const maxPrepared = 200

/** Some connection poolers cannot keep what a session has prepared: a statement finds another session than it left. */
export function openSession<Client extends pg.ClientBase>(client: Client, preparedStatements: boolean) {
  return { client, prepared: new Set<string>(), maxPrepared: preparedStatements ? maxPrepared : 0 }
}

/** What has become of a statement: its rows, its failure, or undefined where it never ran because one before it failed. */
export type Outcome = Value[][] | DatabaseError | undefined

/** A statement, and who waits for it. */
export interface Passenger {
  readonly statement: Statement
  arrive(outcome: Outcome): void
}

/** Each passenger is told as soon as the server has told us; the end is the last that is heard of them. */
export function sendBatch(session: Session, passengers: readonly Passenger[], onEnd: () => void): void {
  session.client.query(new Batch(session, passengers, onEnd))
}

/** Runs one statement by itself. */
export async function runAlone(session: Session, statement: Statement): Promise<Value[][]> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let outcome: Outcome
  const arrive = (found: Outcome) => {
    outcome = found
  }
  sendBatch(session, [{ statement, arrive }], resolve)
  await promise
  if (outcome instanceof DatabaseError) throw outcome
  return outcome ?? []
}

/** The driver's client calls the methods that are named after what the server says. */
class Batch extends pg.Query {
  readonly #session: Session
  readonly #onEnd: () => void
  /** The names that are new to the session, by the place of their statement. */
  readonly #parsed = new Map<number, string>()
  #passengers: readonly Passenger[]
  #arrived = 0
  #rows: Value[][] = []

  constructor(session: Session, passengers: readonly Passenger[], onEnd: () => void) {
    super({ text: '' })
    this.#session = session
    this.#passengers = passengers
    this.#onEnd = onEnd
    const messages = passengers.flatMap(({ statement }, place) => this.#messagesOf(statement, place))
    const all = Buffer.concat([...messages, serialize.sync()])
    // What it gives would be taken for an error.
    this.submit = ({ stream }): void => {
      stream.write(all)
    }
  }

  #messagesOf({ text, name, values }: Statement, place: number): Buffer[] {
    const { prepared, maxPrepared } = this.#session
    const known = name !== undefined && (prepared.has(name) || prepared.size < maxPrepared) ? name : ''
    const run = [serialize.bind({ statement: known, values: values.map(prepareValue) }), serialize.execute()]
    if (prepared.has(known)) return run
    const parse = serialize.parse({ name: known, text })
    if (known === '') return [parse, ...run]
    prepared.add(known)
    this.#parsed.set(place, known)
    // One that failed before may have left its name behind. To close what is not there is no mistake.
    return [serialize.close({ type: 'S', name: known }), parse, ...run]
  }

  handleDataRow({ fields }: { fields: Value[] }): void {
    this.#rows.push(fields)
  }

  handleCommandComplete(): void {
    const rows = this.#rows
    this.#rows = []
    this.#passengers[this.#arrived++]?.arrive(rows)
  }

  handleError(error: Error): void {
    for (const [place, name] of this.#parsed) if (place >= this.#arrived) this.#session.prepared.delete(name)
    this.#passengers[this.#arrived++]?.arrive(databaseError(error))
    this.#end()
  }

  handleReadyForQuery(): void {
    this.#end()
  }

  #end(): void {
    for (const passenger of this.#passengers.slice(this.#arrived)) passenger.arrive(undefined)
    // The driver keeps hold of a query for longer than it needs it, and with it everything that was read.
    this.#passengers = []
    this.#onEnd()
  }
}
