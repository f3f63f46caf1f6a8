/** Clusters with SIPIS's tables, and gateways in front of them. */
import pg from 'pg'
import { onTestFinished } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import { openServers } from '../../src/database/replicas/servers.ts'
import { migrateServer } from '../../src/sipis/migrations.ts'
import type { SchemaVersion } from '../../src/sipis/schema-version.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import { openClient, unlimited } from '../support/client.ts'
import { openReader } from '../support/database.ts'
import { debianPostgres } from '../support/programs.ts'
import { addSelector } from '../support/rows.ts'
import { until } from '../support/until.ts'
import type { Door, Replica } from './clients.ts'
import { secret } from './history.ts'
import type { Session } from './session.ts'
import { openSession } from './session.ts'

/** The folder of the programs of Debian's PostgreSQL, if this machine has it. */
export const debian = debianPostgres()

export interface Setup {
  readonly server: string
  readonly programs: string | undefined
  readonly version: SchemaVersion
}

const packaged = { server: 'the packaged PostgreSQL', programs: undefined }
const installed = debian === undefined ? [] : [{ server: "Debian's PostgreSQL", programs: debian }]

/** Each server of this machine with the tables of each version. `npm test` takes the first for one test, and the last for another. */
export const setups: readonly Setup[] = [packaged, ...installed].flatMap((one) =>
  schemaVersions.map((version) => ({ ...one, version })),
)

export async function fill(url: string, version: SchemaVersion, selectors: number): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await migrateServer(client, version)
  await using session = openSession(url)
  for (let n = 1; n <= selectors; n++) await addSelector({ version, sql: session.query }, n)
  // Writers find their own rows by these.
  if (version === 'V1') {
    await client.query('CREATE INDEX ON sipcalls (rowid); CREATE INDEX ON siptextmessages (rowid)')
  }
  await client.query('CREATE INDEX ON pushtests (pushid)')
  // A crash must not undo it.
  await client.query('CHECKPOINT')
  await client.end()
}

/**
 * Opens a gateway until the test ends. All of them share a key.
 *
 * @param standbys replicas of the gateway
 */
export async function openDoor(url: string, ...standbys: readonly string[]): Promise<Door> {
  const replica: Replica = { looks: 0, reads: 0, problem: 'it was not looked at yet', usable: 0 }
  const database = standbys.length === 0 ? openReader(url) : openReplicas(url, standbys, replica)
  const options = { changes: { secrets: [secret] }, limits: { ...unlimited, concurrentPerCaller: 200 } }
  const gateway = await openClient(database, options)
  // Lists may come from a standby.
  const session = openSession(standbys[0] ?? url)
  onTestFinished(async () => {
    await gateway[Symbol.asyncDispose]()
    await session.leave()
    await database.close()
  })
  return {
    name: `${label(url)}${standbys.length === 0 ? '' : ` with ${standbys.map(label).join()}`}`,
    gateway,
    session,
    replica,
  }
}

function label(url: string): string {
  return new URL(url).port
}

function openReplicas(url: string, standbys: readonly string[], replica: Replica): Database {
  const counted = (database: Database): Database => ({
    ...database,
    async query(statement, signal) {
      const rows = await database.query(statement, signal)
      if (render(statement).lookUp?.lane === 'replicas') replica.looks++
      else replica.reads++
      return rows
    },
  })
  return openServers({
    primary: { label: url, database: openReader(url) },
    standbys: standbys.map((standby) => ({ label: standby, database: counted(openReader(standby)) })),
    maxLag: undefined,
    onChange: ({ problem, usable }) => Object.assign(replica, { problem, usable }),
    probeEveryMs: 100,
  })
}

export async function caughtUp(primary: Session, standby: Session): Promise<void> {
  // What was committed without waiting for the disk is not flushed yet, and so not sent. This is, with all that came before.
  await primary.query("BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_logical_emit_message(true, '', ''); COMMIT")
  const end = (await primary.query('SELECT pg_current_wal_flush_lsn()'))[0]?.[0]
  await until('the standby has replayed all', async () => {
    const replayed = await standby.query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn', [end])
    return replayed[0]?.[0] === 't'
  })
}
