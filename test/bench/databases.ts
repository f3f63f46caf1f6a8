import { z } from 'zod'
import { run } from '../support/command.ts'
import { asAdmin, createDatabase, urlOf, withClient } from '../support/templates.ts'
import type { Schema } from './dialects/dialect.ts'
import { parentOf } from './process-usage.ts'

export interface Contents {
  readonly selectors: number
  readonly calls: number
  /** Whether to add messages and push tests. */
  readonly whole: boolean
  /** Whether to make the indexes that `check` advises. */
  readonly advised?: boolean
}

/** What is measured: a schema with SIPIS's own indexes, or with those that `check` advises as well. */
export const databases = {
  v1: { schema: 'v1', advised: false, label: 'v1' },
  'v1-advised': { schema: 'v1', advised: true, label: 'v1 with the indexes that check advises' },
  v2: { schema: 'v2', advised: false, label: 'v2' },
} as const satisfies Readonly<Record<string, { schema: Schema; advised: boolean; label: string }>>
export type DatabaseName = keyof typeof databases

const names = {
  v1: 'sipis_gateway_bench_v1',
  'v1-advised': 'sipis_gateway_bench_v1_advised',
  v2: 'sipis_gateway_bench_v2',
  large: 'sipis_gateway_bench_large',
} as const

/** Creates and fills a database with the gateway's own commands. Returns its URL. */
export async function makeDatabase(
  server: string,
  which: keyof typeof names,
  schema: Schema,
  contents: Contents,
): Promise<string> {
  const name = names[which]
  await asAdmin(server, (admin) => createDatabase(admin, name, 'UTF8'))
  const url = urlOf(server, name)
  await succeed(['init', '--schema', schema, '--database-url', url])
  const others = contents.whole ? [] : ['--messages', '0', '--push-tests', '0']
  const counts = ['--selectors', String(contents.selectors), '--calls', String(contents.calls), ...others]
  await succeed(['seed', ...counts, '--database-url', url])
  if (contents.advised === true) await followAdvice(url)
  await settle(url, name)
  return url
}

/** Databases that a run creates on an external server, or that an interrupted run left. */
export async function dropDatabases(server: string): Promise<void> {
  await asAdmin(server, async (admin) => {
    for (const name of Object.values(names)) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
}

const checked = z.object({ advice: z.array(z.object({ code: z.string(), statement: z.string() })) })

async function followAdvice(url: string): Promise<void> {
  const { stdout } = await run(['check', '--json', '--database-url', url])
  const indexes = checked.parse(JSON.parse(stdout)).advice.filter(({ code }) => code === 'INDEX_MISSING')
  await withClient(url, async (client) => {
    for (const { statement } of indexes) await client.query(statement)
  })
}

/** Vacuums and analyzes, so that autovacuum does not run during the measurement. */
async function settle(url: string, name: string): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('VACUUM (ANALYZE)')
    await client.query('CHECKPOINT')
    // Determines how a contender interprets a time without a zone.
    await client.query(`ALTER DATABASE ${name} SET TimeZone = 'UTC'`)
  })
}

async function succeed(args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(args)
  if (code !== 0) throw new Error(stderr)
}

/** Callers of the newest calls, for queries by caller. */
export async function callersIn(url: string, count: number): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ username: string }>(
      'SELECT DISTINCT username FROM (SELECT username FROM sipcalls ORDER BY time DESC, rowid DESC LIMIT $1) AS newest',
      [count],
    )
    return rows.map(({ username }) => username)
  })
}

/** The PostgreSQL process that is the parent of all others. */
export async function postmaster(url: string): Promise<{ readonly pid: number | undefined; readonly version: string }> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number; version: string; local: boolean }>(
      `SELECT pg_backend_pid() AS pid, current_setting('server_version') AS version,
        coalesce(inet_server_addr() <<= '127.0.0.0/8', true) AS local`,
    )
    const [found] = rows
    if (found === undefined) throw new Error('PostgreSQL did not answer.')
    return { pid: found.local ? parentOf(found.pid) : undefined, version: found.version }
  })
}
