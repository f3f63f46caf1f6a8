import { sql } from 'drizzle-orm'
import { destination, pino } from 'pino'
import type { Environment, ServeConfig, ServeFlags } from '../config.ts'
import { serveConfig } from '../config.ts'
import { orProblem } from '../database/connect-problem.ts'
import type { Database } from '../database/database.ts'
import { openPool } from '../database/pool.ts'
import { windowOf } from '../loaders/keyset.ts'
import { openLoaders } from '../loaders/loaders.ts'
import { openUsage } from '../loaders/usage.ts'
import { createGateway } from '../server/gateway.ts'
import type { Example } from '../server/graphiql.ts'
import { listen } from '../server/listen.ts'
import type { Detected } from '../versions/detect.ts'
import { detect, projectionOf } from '../versions/detect.ts'
import type { Output } from './output.ts'

const graceMs = 10_000

/** Serves until it is told to stop. */
export async function serve(flags: ServeFlags, environment: Environment, output: Output): Promise<void> {
  const config = serveConfig(flags, environment)
  const label = config.database?.label
  await using opened = await open(config)
  const { database } = opened
  const { detected, example } = await orProblem(label ?? 'the embedded demo', () => inspect(database, config))
  // To standard error, so that what the command prints stays apart from what it logs.
  const logger = pino({ level: config.logLevel, base: null }, destination({ dest: 2, sync: true }))
  const gateway = createGateway({ database, detected, timeZone: config.timeZone, logger, example })
  const server = await listen(gateway, config.host, config.port)
  // Heard from before the address is known, for whoever reads it may stop us at once.
  const stopped = output.stopped()
  output.print(banner(server.url, detected, label, example))
  const signal = await stopped
  output.print(`Stopping on ${signal}; requests that run may take up to ${graceMs / 1000} seconds.`)
  await server.close(graceMs)
  await gateway.dispose()
}

interface Opened extends AsyncDisposable {
  readonly database: Database
}

async function open({ database: target, limits }: ServeConfig): Promise<Opened> {
  const database =
    target === undefined
      ? await openDemo()
      : openPool({ ...limits, connection: target.connection, applicationName: 'sipis-gateway' })
  return { database, [Symbol.asyncDispose]: () => database.close() }
}

/** The embedded database is large, so it is loaded only where it is used. */
async function openDemo(): Promise<Database> {
  const demo = await import('../demo/demo-database.ts')
  return demo.openDemo('V2')
}

async function inspect(
  database: Database,
  { timeZone }: ServeConfig,
): Promise<{ detected: Detected; example: Example }> {
  const detected = await detect(database)
  // PostgreSQL has its own list of zones: better to fail now than at every push test.
  await database.query(sql`SELECT now() AT TIME ZONE ${timeZone}`)
  return { detected, example: await findExample(database, detected, timeZone) }
}

/** Something that exists, for the ready queries. */
async function findExample(database: Database, detected: Detected, timeZone: string): Promise<Example> {
  const { projection, selectors, calls } = openLoaders(
    database,
    projectionOf(detected.version, { ...detected, timeZone }),
    { usage: openUsage(Number.POSITIVE_INFINITY), readTokens: false },
  )
  const order = { tag: 'l', columns: projection.selectors.order, descending: true }
  const [owner] = (await selectors.page({}, windowOf(order, { first: 1 }))).rows
  if (owner === undefined) return { selector: '', username: '' }
  const window = windowOf({ tag: 'c', columns: projection.calls.order, descending: true }, { first: 1 })
  const [call] = (await calls.pageOf(owner, { conditions: [], signature: '', window })).rows
  return { selector: owner.selector, username: call?.username ?? '' }
}

function banner(
  url: string,
  { version, serverVersion, encoding }: Detected,
  label: string | undefined,
  { selector }: Example,
) {
  const what =
    label === undefined
      ? `This is a DEMO: made-up data in an embedded database, in memory only; nothing is kept.`
      : `Serving ${label}, read-only.`
  const query = `{selector(selector:"${selector}"){lastSeen calls(first:3){nodes{time caller{uri}}}}}`
  const real =
    label === undefined
      ? `\nA real database:  sipis-gateway serve --database-url postgres://user:password@host:5432/sipis\n` +
        `            or:  sipis-gateway serve --settings /etc/sipis/Settings.xml\n`
      : ''
  return `${what}
Schema ${version.toLowerCase()}, PostgreSQL ${serverVersion}, ${encoding}. No credential is asked for, so only this machine can connect.

In a browser:     ${url}/graphql
With curl:        curl -s ${url}/graphql -H 'content-type: application/json' \\
                    -d '${JSON.stringify({ query })}'
${real}
Stop with Ctrl+C.`
}
