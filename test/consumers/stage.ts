/** The database and the gateways that the clients of this folder use. */
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { goodClaims, openIssuer, options } from '../support/issuer.ts'
import { startPostgres } from '../support/postgres.ts'
import { asAdmin, copyDatabase, createDatabase, urlOf, withClient } from '../support/templates.ts'
import type { GatewayName, Settings, Stage } from './shared/gateway.ts'
import { startGateway } from './shared/gateway.ts'

const calls = 45
const databases = { api: 'consumers', slow: 'consumers_slow' } as const

/** @param folder where the packed package is installed; gets stage.json */
export async function openStage(folder: string): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const issuer = stack.use(await openIssuer())
  const server = await startPostgres()
  stack.defer(() => server.stop())
  const command = join(folder, 'node_modules/sipis-gateway/dist/cli/bin.js')
  const selector = await fill(server.url, command)
  const settings = {
    DATABASE_URL: urlOf(server.url, databases.api),
    SIPIS_TIME_ZONE: 'UTC',
    AUTH_JWKS_FILE: issuer.jwksFile,
    AUTH_ISSUER: String(options.issuer),
    AUTH_AUDIENCE: String(options.audience),
  }
  const slowDatabase = urlOf(server.url, databases.slow)
  const { AUTH_JWKS_FILE: _, ...keyless } = settings
  const given: Readonly<Record<GatewayName, Settings>> = {
    api: settings,
    slow: { ...settings, DATABASE_URL: slowDatabase, DATABASE_STATEMENT_TIMEOUT_MS: '500' },
    small: { ...settings, LIMIT_RESPONSE_BYTES: '10000' },
    limited: { ...settings, RATE_LIMIT_COST: '1', LIMIT_BODY_BYTES: '2000' },
    keyless: { ...keyless, AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks.json' },
  }
  const started = await Promise.all(
    Object.entries(given).map(async ([name, of]) => [name, stack.use(await startGateway(command, of)).url] as const),
  )
  stack.use(await lockCalls(slowDatabase))
  const { api = '', slow = '', small = '', limited = '', keyless: withoutKeys = '' } = Object.fromEntries(started)
  const expired = { ...goodClaims(), sub: selector, scope: 'sipis:own', exp: Math.floor(Date.now() / 1_000) - 3_600 }
  const stage: Stage = {
    command,
    settings: given,
    urls: { api, slow, small, limited, keyless: withoutKeys },
    credentials: {
      reader: await issuer.tokenOf('reader', 'sipis:read sipis:tokens sipis:settings sipis:ops'),
      device: await issuer.tokenOf(selector, 'sipis:own'),
      expired: await issuer.sign(expired),
    },
    selector,
    calls,
  }
  await writeFile(join(folder, 'stage.json'), JSON.stringify(stage))
  return stack.move()
}

/** Fills the databases with the package's own commands. Returns a selector with a message that is too long for `small`. */
async function fill(server: string, command: string): Promise<string> {
  const url = urlOf(server, databases.api)
  await asAdmin(server, (admin) => createDatabase(admin, databases.api, 'UTF8'))
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [command, ...args, '--database-url', url], { stdio: 'pipe' })
  run('init')
  run('seed', '--selectors', '5', '--calls', String(calls))
  const selector = await withClient(url, async (client) => {
    const { rows } = await client.query<{ selector: string }>(
      'SELECT selector FROM selectors ORDER BY selector LIMIT 1',
    )
    const [first] = rows
    if (first === undefined) throw new Error('There is no selector.')
    await client.query(
      `UPDATE siptextmessages SET msgid = 'long', body = repeat('x', 20000), time = '2100-01-01'
        WHERE rowid = (SELECT min(rowid) FROM siptextmessages WHERE selector = $1)`,
      [first.selector],
    )
    return first.selector
  })
  await asAdmin(server, (admin) => copyDatabase(admin, databases.slow, databases.api))
  return selector
}

/** Until it is disposed of, no statement that reads calls ends. */
async function lockCalls(url: string): Promise<AsyncDisposable> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('BEGIN')
  await client.query('LOCK TABLE sipcalls')
  return { [Symbol.asyncDispose]: () => client.end() }
}
