import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { destination, pino } from 'pino'
import { configuredAuthenticate } from '../auth/configured.ts'
import type { Role } from '../check/role.ts'
import { findRole, readOnlyRoleStatements } from '../check/role.ts'
import { rowSecuritySentence, tablesThatHoldRowsBack } from '../check/rows-held-back.ts'
import type { AuditConfig, Environment, ServeConfig, ServeFlags } from '../config.ts'
import { serveConfig } from '../config.ts'
import { orProblem } from '../database/connect-problem.ts'
import type { Database } from '../database/database.ts'
import { openPool } from '../database/pool.ts'
import { windowOf } from '../loaders/keyset.ts'
import { openLoaders } from '../loaders/loaders.ts'
import { openUsage } from '../loaders/usage.ts'
import { Problem } from '../problem.ts'
import type { Audit } from '../server/audit.ts'
import { openAudit } from '../server/audit.ts'
import { openAuditFile } from '../server/audit-file.ts'
import { createGateway } from '../server/gateway.ts'
import type { Example } from '../server/graphiql.ts'
import { listen } from '../server/listen.ts'
import { readManifest } from '../server/trusted-documents.ts'
import type { Detected } from '../versions/detect.ts'
import { detect } from '../versions/detect.ts'
import { describeDuplicates, findDuplicates } from '../versions/duplicates.ts'
import { newestVersion } from '../versions/schema-version.ts'
import { findTimeZone } from '../versions/time-zone.ts'
import { projectionOf } from '../versions/versions.ts'
import { banner } from './banner.ts'
import type { Output } from './output.ts'

const graceMs = 10_000

/** Serves until it is told to stop. */
export async function serve(flags: ServeFlags, environment: Environment, output: Output): Promise<void> {
  const config = serveConfig(flags, environment)
  // To standard error, so that what the command prints stays apart from what it logs.
  const logger = pino({ level: config.logLevel, base: null }, destination({ dest: 2, sync: true }))
  for (const warning of config.warnings) logger.warn(warning)
  const authenticate =
    config.auth === undefined ? undefined : configuredAuthenticate(config.auth, (sentence) => logger.warn(sentence))
  const trusted = config.trustedDocuments
  const trustedDocuments =
    trusted === undefined ? undefined : { manifest: readManifest(trusted.file), only: trusted.only }
  const label = config.database?.label ?? 'the embedded demo'
  await using opened = await open(config)
  const { database } = opened
  const { detected, timeZone, example, role } = await orProblem(label, () => inspect(database, config))
  if (config.database !== undefined) {
    await orProblem(label, async () => {
      await judgeRole(role, database, detected, config, logger)
      const tables = await tablesThatHoldRowsBack(database, detected)
      if (tables.length > 0) logger.warn(`${rowSecuritySentence(role.name, tables)} "sipis-gateway check" says more`)
    })
  }
  await using audit = openAuditLog(config.audit, logger)
  await using gateway = await orProblem('RATE_LIMIT_DATABASE_URL', () =>
    createGateway({
      ...config,
      database,
      detected,
      timeZone,
      logger,
      example,
      authenticate,
      trustedDocuments,
      rateLimits: { ...config.rates, shared: config.rateStore },
      audit: audit.write,
    }),
  )
  // One forgotten promise is a bug to be told, and no reason to leave everybody else without an answer.
  process.on('unhandledRejection', (error) =>
    logger.error({ stack: error instanceof Error ? error.stack : String(error) }, 'Nobody has waited for a failure'),
  )
  const server = await listen(gateway.handle, config, config.limits.connections, {
    shares: { perAddress: config.limits.connectionsPerAddress, trustedProxies: config.trustedProxies },
  })
  // Heard from before the address is known, for whoever reads it may stop us at once.
  const stopped = output.stopped()
  if (authenticate === undefined)
    logger.warn('No credential is asked for: everybody on this machine may read everything')
  output.print(banner(server.url, detected, config, example))
  const looking = warnOfDuplicates(database, detected, logger)
  const signal = await stopped
  output.print(`Stopping on ${signal}; requests that run may take up to ${graceMs / 1000} seconds.`)
  await Promise.all([server.close(graceMs), looking])
}

/** Reads whole tables of a database that lacks keys, so nothing waits for it but the end. */
async function warnOfDuplicates(database: Database, detected: Detected, logger: Logger): Promise<void> {
  try {
    for (const found of await findDuplicates(database, detected, 2_000)) logger.warn(describeDuplicates(found))
  } catch (error) {
    logger.warn({ cause: error instanceof Error ? error.message : String(error) }, 'Duplicates could not be looked for')
  }
}

interface Opened extends AsyncDisposable {
  readonly database: Database
}

async function open({ database: target, databaseLimits }: ServeConfig): Promise<Opened> {
  const database =
    target === undefined
      ? await openDemo()
      : openPool({ ...databaseLimits, connection: target.connection, applicationName: 'sipis-gateway' })
  return { database, [Symbol.asyncDispose]: () => database.close() }
}

/** The embedded database is large, so it is loaded only where it is used. */
async function openDemo(): Promise<Database> {
  const demo = await import('../demo/demo-database.ts')
  return demo.openDemo(newestVersion)
}

async function inspect(
  database: Database,
  config: ServeConfig,
): Promise<{ detected: Detected; timeZone: string; example: Example; role: Role }> {
  const detected = await detect(database)
  const timeZone = await findTimeZone(database, config.timeZone)
  const example =
    config.auth === undefined ? await findExample(database, detected, timeZone) : { selector: '', username: '' }
  return { detected, timeZone, example, role: await findRole(database, detected.schemas) }
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

/** Every connection is read-only, but that is a promise of this program; a role that may not write is one of the database. */
async function judgeRole(
  { name, superuser, mayWrite }: Role,
  database: Database,
  detected: Detected,
  config: ServeConfig,
  logger: Logger,
): Promise<void> {
  if (!(superuser || mayWrite)) return
  const what = `The database role ${name} ${superuser ? 'is a superuser' : "may write to SIPIS's tables"}.`
  if (config.beyondLoopback && !config.allowWritableRole) {
    throw new Problem(
      `Refused (writable-role): ${what} Beyond loopback serve with a role that may only read, made by the owner with:\n` +
        `${(await readOnlyRoleStatements(database, detected)).join('\n')}\n` +
        '--allow-writable-role insists.',
    )
  }
  logger.warn(`${what} A role that may only read is safer; "sipis-gateway check" prints how to make one`)
}

interface AuditLog extends AsyncDisposable {
  readonly write: Audit
}

function openAuditLog({ to, key }: AuditConfig, logger: Logger): AuditLog {
  if (to === undefined) return { write: () => undefined, [Symbol.asyncDispose]: async () => undefined }
  const file = openAuditFile(to, logger)
  return {
    write: openAudit(pino({ base: null }, file), key ?? randomBytes(32)),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  }
}
