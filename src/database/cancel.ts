/** Cancel requests of the PostgreSQL protocol: a second connection that sends only the process id and secret key of the first. */
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
 * Requests the server to cancel the running statement of this connection. Never rejects.
 *
 * @returns true once the server has closed the second connection: it has sent the signal, so later statements are not affected.
 *   False if the server did not answer in time: the request may still arrive.
 */
export function cancelStatement(client: pg.Client, ssl: pg.ClientConfig['ssl']): Promise<boolean> {
  const { processID, secretKey, host, port } = client
  if (processID === null || secretKey === null) return Promise.resolve(true)
  return new Promise((resolve) => {
    // Encrypted if the first connection is, because with sslmode=prefer the server decides.
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
    // In the driver, the client requests TLS, not its connection.
    if (isEncrypted && sslNegotiation !== 'direct') connection.once('connect', () => connection.requestSsl())
    connection.once(isEncrypted ? 'sslconnect' : 'connect', () => connection.cancel(processID, secretKey))
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
    else connection.connect(port, host)
  })
}
