/**
 * Statements that travel together: one message to the server, one transaction there, one answer back. Each part of that costs
 * more than what a look-up does. Nothing is asked about the columns of the rows, for all values are taken as text.
 */
import pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'
import { serialize } from 'pg-protocol'
import type { Statement, Value } from './database.ts'
import type { DatabaseError } from './database-error.ts'
import { databaseError } from './database-error.ts'

/** A connection that pipelines, and the statements that it has prepared. */
export interface Session {
  readonly client: pg.Client
  /** By name. */
  readonly prepared: Set<string>
  readonly maxPrepared: number
}

/** What has become of a statement: its rows, its failure, or undefined where it never ran because one before it failed. */
export type Outcome = Value[][] | DatabaseError | undefined

/** Never fails: even what the connection says is an outcome. */
export function runBatch(session: Session, statements: readonly Statement[]): Promise<Outcome[]> {
  const { promise, resolve } = Promise.withResolvers<Outcome[]>()
  session.client.query(new Batch(session, statements, resolve))
  return promise
}

/** The driver's client calls the methods that are named after what the server says. */
class Batch extends pg.Query {
  readonly #outcomes: Outcome[] = []
  readonly #onEnd: (outcomes: Outcome[]) => void
  /** The names that are new to the session, by the place of their statement. */
  readonly #parsed = new Map<number, string>()
  readonly #session: Session
  #rows: Value[][] = []

  constructor(session: Session, statements: readonly Statement[], onEnd: (outcomes: Outcome[]) => void) {
    super({ text: '' })
    this.#session = session
    this.#onEnd = onEnd
    const messages = statements.flatMap((statement, place) => this.#messagesOf(statement, place))
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
    this.#outcomes.push(this.#rows)
    this.#rows = []
  }

  handleError(error: Error): void {
    const failed = this.#outcomes.push(databaseError(error)) - 1
    for (const [place, name] of this.#parsed) if (place >= failed) this.#session.prepared.delete(name)
    this.#onEnd(this.#outcomes)
  }

  handleReadyForQuery(): void {
    this.#onEnd(this.#outcomes)
  }
}
