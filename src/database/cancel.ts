/** PostgreSQL's own way to end a statement: a second connection that carries nothing but the number and key of the first. */
import { TLSSocket } from 'node:tls'
import type pg from 'pg'
import { Connection } from './client.ts'

declare module 'pg' {
  interface Client {
    readonly processID: number | null
    readonly secretKey: number | null
  }
  interface Connection {
    requestSsl(): void
    cancel(processID: number, secretKey: number): void
  }
}

const giveUpAfterMs = 2_000

/**
 * Asks the server to cancel what this connection runs. Resolves when the server has closed the second connection, for then the
 * signal has been sent: whatever the first one runs next is safe from it. Never fails. Resolves with false if that is not certain, because
 * the server did not answer in time: the request may still arrive.
 */
export function cancelStatement(client: pg.Client, ssl: pg.ClientConfig['ssl']): Promise<boolean> {
  const { processID, secretKey, host, port } = client
  if (processID === null || secretKey === null) return Promise.resolve(true)
  return new Promise((resolve) => {
    // As the first connection turned out to be, where the server decides about encryption.
    const isEncrypted = client.connection.stream instanceof TLSSocket
    const { sslNegotiation } = client
    const connection = new Connection(isEncrypted ? { ssl, sslNegotiation } : {}, false)
    let isCertain = true
    const giveUp = setTimeout(() => {
      isCertain = false
      connection.stream.destroy()
    }, giveUpAfterMs)
    connection.on('error', () => connection.stream.destroy())
    connection.once('end', () => {
      clearTimeout(giveUp)
      resolve(isCertain)
    })
    // The driver's client asks for TLS, not its connection.
    if (isEncrypted && sslNegotiation !== 'direct') connection.once('connect', () => connection.requestSsl())
    connection.once(isEncrypted ? 'sslconnect' : 'connect', () => connection.cancel(processID, secretKey))
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}
