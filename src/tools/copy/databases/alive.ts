/** Bounds the time that a copy waits for a server that has stopped answering, however long its statements may take. */
import { connect } from 'node:net'
import type pg from 'pg'
import { destroyConnection } from '../../../database/client.ts'
import { silent } from '../../../errors/database-error.ts'

/** Any server of PostgreSQL answers the request for TLS with one byte, before it asks who it is. */
const requestOfTls = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
/** So many requests in a row that are not answered mean that the server is frozen. */
const unansweredLimit = 3

/**
 * Asks the server now and then, beside the connection, whether it is there. Once it has not answered for `silenceMs`, destroys the
 * connection, so that its statements fail. TCP's keepalive does not notice that: the kernel of a frozen server answers it.
 */
export function watchServer(client: pg.Client, silenceMs: number): Disposable {
  const everyMs = silenceMs / unansweredLimit
  let unanswered = 0
  const timer = setInterval(async () => {
    unanswered = (await isThere(client, everyMs * 0.9)) ? 0 : unanswered + 1
    if (unanswered >= unansweredLimit) destroyConnection(client, silent(silenceMs))
  }, everyMs).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** A refusal is an answer as well: the connection reports by itself if it is lost. */
function isThere({ host, port }: pg.Client, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    // The connection itself keeps the process running.
    socket.unref()
    const settle = (answer: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => settle(false), timeoutMs)
    socket.on('connect', () => socket.write(requestOfTls))
    for (const event of ['data', 'error', 'end']) socket.on(event, () => settle(true))
  })
}
