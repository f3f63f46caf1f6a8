import type { ConnectionConfig } from './client.ts'
import { answerWithin, Client, destroyConnection, keepAliveMs } from './client.ts'
import type { Heard } from './database.ts'
import { isPooled } from './session.ts'

export interface ListenerOptions {
  readonly connection: ConnectionConfig
  readonly connectTimeoutMs: number
  readonly applicationName: string
}

/**
 * Listens to a channel on a connection of its own.
 *
 * @returns a function that ends it; undefined where it is not possible: behind a pooler, or on a standby
 * @throws Error of the driver if the server cannot be reached
 */
export async function listenTo(
  channel: string,
  { connection, connectTimeoutMs, applicationName }: ListenerOptions,
  { onNotify, onLost }: Heard,
): Promise<(() => void) | undefined> {
  const client = new Client({
    ...connection,
    application_name: `${applicationName} listener`,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
  })
  const end = () => destroyConnection(client)
  try {
    await client.connect()
    const begin = async () => {
      if (await isPooled(client)) return false
      const { rows } = await client.query<{ standby: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS standby')
      if (rows[0]?.standby !== false) return false
      client.on('notification', ({ payload = '' }) => onNotify(payload))
      await client.query(`LISTEN ${channel}`)
      return true
    }
    if (await answerWithin(client, connectTimeoutMs, begin())) {
      client.once('end', onLost)
      return end
    }
  } catch (error) {
    end()
    throw error
  }
  end()
  return undefined
}
