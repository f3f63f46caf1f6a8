/** The database and the gateways that the clients of this folder use. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { goodClaims, openIssuer, options } from '../support/issuer.ts'
import { startPostgres } from '../support/postgres.ts'
import { asAdmin, copyDatabase, createDatabase, urlOf, withClient } from '../support/templates.ts'
import type { GatewayName, Settings, Stage } from './shared/gateway.ts'
import { startGateway } from './shared/gateway.ts'

const calls = 45
/** The clients that change rows, each those of a selector of its own. */
const writers = ['apollo', 'codegen', 'relay', 'urql'] as const
const databases = { api: 'consumers', slow: 'consumers_slow' } as const

/** @param folder where the packed package is installed; gets stage.json */
export async function openStage(folder: string): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const issuer = stack.use(await openIssuer())
  const server = await startPostgres()
  stack.defer(() => server.stop())
  const command = join(folder, 'node_modules/sipis-gateway/dist/cli/bin.js')
  const [selector = '', ...others] = await fill(server.url, command)
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
    // Long enough for the statements that are to end, on a busy machine as well.
    slow: { ...settings, DATABASE_URL: slowDatabase, DATABASE_STATEMENT_TIMEOUT_MS: '3000' },
    small: { ...settings, LIMIT_RESPONSE_BYTES: '10000' },
    limited: { ...settings, RATE_LIMIT_COST: '1', LIMIT_BODY_BYTES: '2000' },
    keyless: { ...keyless, AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks.json' },
  }
  const started = await Promise.all(
    Object.entries(given).map(async ([name, of]) => [name, stack.use(await startGateway(command, of)).url] as const),
  )
  stack.use(await lockCalls(slowDatabase))
  const sipis = stack.use(await serveStatements(settings.DATABASE_URL))
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
    sipis: sipis.url,
    own: Object.fromEntries(
      await Promise.all(
        writers.map(async (name, index) => {
          const [own = ''] = others.slice(index)
          return [name, { selector: own, credential: await issuer.tokenOf(own, 'sipis:own') }] as const
        }),
      ),
    ),
  }
  await writeFile(join(folder, 'stage.json'), JSON.stringify(stage))
  return stack.move()
}

/** Fills the databases with the package's own commands. Returns the selectors; the first has a message that is too long for `small`. */
async function fill(server: string, command: string): Promise<string[]> {
  const url = urlOf(server, databases.api)
  await asAdmin(server, (admin) => createDatabase(admin, databases.api, 'UTF8'))
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [command, ...args, '--database-url', url], { stdio: 'pipe' })
  run('init')
  run('seed', '--selectors', String(1 + writers.length), '--calls', String(calls))
  const selectors = await withClient(url, async (client) => {
    const { rows } = await client.query<{ selector: string }>('SELECT selector FROM selectors ORDER BY selector')
    const [first] = rows
    if (first === undefined) throw new Error('There is no selector.')
    await client.query(
      `UPDATE siptextmessages SET msgid = 'long', body = repeat('x', 20000), time = '2100-01-01'
        WHERE rowid = (SELECT min(rowid) FROM siptextmessages WHERE selector = $1)`,
      [first.selector],
    )
    return rows.map(({ selector }) => selector)
  })
  await asAdmin(server, (admin) => copyDatabase(admin, databases.slow, databases.api))
  return selectors
}

/** Runs the statements that it is sent, as SIPIS does while its clients are connected. */
async function serveStatements(database: string): Promise<AsyncDisposable & { readonly url: string }> {
  const client = new pg.Client(database)
  await client.connect()
  const server = createServer(async (request, response) => {
    const failed = await client.query(await text(request)).then(
      () => undefined,
      (error: unknown) => String(error),
    )
    response.writeHead(failed === undefined ? 200 : 400).end(failed)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await client.end()
    },
  }
}

/** Until it is disposed of, no statement that reads calls ends. */
async function lockCalls(url: string): Promise<AsyncDisposable> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query('BEGIN')
  await client.query('LOCK TABLE sipcalls')
  return { [Symbol.asyncDispose]: () => client.end() }
}
