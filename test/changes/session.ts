import pg from 'pg'

/** Values as text. */
type Rows = (string | null)[][]

/** A connection that is opened anew after it was lost, with text for all values. */
export interface Session extends AsyncDisposable {
  /** Rejects if the statement fails or the connection is lost; the next statement opens another one. */
  query(text: string, values?: readonly unknown[]): Promise<Rows>
  /** Gives the connection up, and with it its transaction. */
  leave(): Promise<void>
}

/** @param isWriter the first statement after a loss fails, because it may be one of a transaction that the loss has ended */
export function openSession(url: string, isWriter = false): Session {
  let opened: Promise<pg.Client> | undefined
  const open = async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'a writer of the test',
      types: { getTypeParser: () => (value: string) => value },
    })
    client.on('error', () => {
      if (!isWriter) opened = undefined
    })
    await client.connect()
    return client
  }
  const leave = async () => {
    const leaving = opened
    opened = undefined
    await leaving?.then((client) => client.end()).catch(() => undefined)
  }
  const run = async (text: string, values: readonly unknown[]): Promise<Rows> => {
    opened ??= open()
    try {
      const client = await opened
      // Without values the text may have several statements.
      const found = await client.query<(string | null)[]>({
        text,
        ...(values.length === 0 ? {} : { values: [...values] }),
        rowMode: 'array',
      })
      return Array.isArray(found) ? [] : found.rows
    } catch (error) {
      await leave()
      throw error
    }
  }
  let last: Promise<unknown> = Promise.resolve()
  return {
    query(text, values = []) {
      // One at a time, because several clients share a session.
      const answer = last.then(() => run(text, values))
      last = answer.catch(() => undefined)
      return answer
    },
    leave,
    [Symbol.asyncDispose]: leave,
  }
}
