/** The package's entry: the gateway as a request listener, for a server of your own. */
import type { IncomingMessage, RequestListener } from 'node:http'
import type { Duplex } from 'node:stream'
import { pino } from 'pino'
import { CredentialError } from './auth/credential-error.ts'
import type { Principal, Scope } from './auth/principal.ts'
import { openService } from './composition.ts'
import type { Limits } from './config/limits-interface.ts'
import { serveConfig } from './config/serve-config.ts'
import { Problem } from './errors/problem.ts'
import type { Log } from './telemetry/log.ts'
import { openLog, openLogTo } from './telemetry/log.ts'

export type { Limits, Principal, Scope }
export { Problem }

/** An option that is undefined is left out, so that values of `process.env` can be passed on. */
export interface GatewayOptions {
  /** The postgres:// URL of SIPIS's database; the same as `settings.DATABASE_URL`. */
  readonly databaseUrl?: string | undefined
  /**
   * Settings by the names that docs/configuration.md lists, such as `{ SIPIS_TIME_ZONE: 'Europe/Prague' }`. The environment of
   * the process is not read. HOST, PORT, WORKERS, METRICS_HOST, METRICS_PORT and LOG_LEVEL have no effect: your
   * server listens, and `log` gets every entry.
   */
  readonly settings?: Readonly<Record<string, string | undefined>> | undefined
  /**
   * How callers are identified: a function of your own, or `'open'` to let every caller read all data; then only requests to
   * names of this machine are answered. Default: what AUTH_JWKS_URL, AUTH_JWKS_FILE and API_KEYS_FILE in `settings` say.
   */
  readonly auth?: Authenticate | 'open' | undefined
  /** Replaces single limits; see docs/security.md for the defaults. */
  readonly limits?: { readonly [Name in keyof Limits]?: Limits[Name] | undefined } | undefined
  /**
   * Plugins of graphql-yoga 5, such as `useResponseCache`. Their hooks for an operation see each query, after it was parsed, validated and
   * priced: `onParams`, `onContextBuilding`, `onExecute`. Those for HTTP and for subscriptions are not called. Without plugins, queries take a
   * shorter way.
   */
  readonly plugins?: readonly object[] | undefined
  /** Accepts a database role that may write. Default: such a role is refused, except with `auth: 'open'`. */
  readonly allowWritableRole?: boolean | undefined
  /** Receives warnings and errors. Default: they are written to standard error as lines of JSON. */
  readonly log?: ((entry: LogEntry) => void) | undefined
}

/**
 * Identifies the caller from the Authorization header; undefined if the request has none.
 *
 * @throws ExpiredCredential if the credential was good until it expired, so that clients refresh it; any other error to answer the
 *   request with 401 as well
 */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>

/** For a function that identifies callers. Throw it only if the signature or the secret of the credential was right. */
export class ExpiredCredential extends Error {
  constructor() {
    super('The credential has expired.')
    this.name = 'ExpiredCredential'
  }
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  /** What the entry is about; never holds a credential or a token. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Gateway extends AsyncDisposable {
  /** Answers requests: pass it to `http.createServer`, or call it with the request and response of your own route. */
  readonly handle: RequestListener
  /**
   * Makes WebSockets of upgrades to `/graphql`, and answers all others: pass it to the event `upgrade` of your server. A server that
   * has upgrades of its own calls it for this path.
   */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Ends subscriptions and WebSockets within seconds, and has /ready say 503, so that your server can close. */
  drain(): void
  /** Ends the database connections. Close your server first, so that no request is under way. */
  close(): Promise<void>
}

/**
 * Connects to SIPIS's database, detects its schema version, and gives a request listener for `/graphql`, `/ready`, `/health` and `/live`.
 * Connections are read-only.
 *
 *     const gateway = await openGateway({ databaseUrl: process.env.DATABASE_URL, auth: 'open' })
 *     createServer(gateway.handle).on('upgrade', gateway.handleUpgrade).listen(4000, '127.0.0.1')
 *
 * @throws Problem if a setting is wrong, the database cannot be reached or is not SIPIS's, or its role may write. The message
 *   says what to do.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { databaseUrl, settings = {}, auth, limits = {}, plugins, allowWritableRole = false } = options
  const environment = databaseUrl === undefined ? settings : { ...settings, DATABASE_URL: databaseUrl }
  const config = serveConfig({ allowWritableRole, ownAuthentication: typeof auth === 'function' }, environment)
  if (config.database === undefined)
    throw new Problem('No database is named. Set databaseUrl, or settings.DATABASE_URL.')
  if (auth === 'open' && !config.isOpen) {
    throw new Problem("auth is 'open', but settings name keys. Leave out one of them.")
  }
  if (auth === undefined && config.isOpen) {
    throw new Problem(
      'Callers are not identified. Set auth, or AUTH_JWKS_URL, AUTH_JWKS_FILE or API_KEYS_FILE in settings.',
    )
  }
  const log = openLogOf(options.log)
  const { observe } = log
  for (const message of config.warnings) observe({ kind: 'warning', message })
  const service = await openService({
    // Where the server listens is not known here.
    config: { ...config, beyondLoopback: !config.isOpen, limits: { ...config.limits, ...given(limits) } },
    ...log,
    authenticate: typeof auth === 'function' ? identifying(auth) : undefined,
    plugins,
  }).catch(async (error: unknown) => {
    await log[Symbol.asyncDispose]()
    throw error
  })
  const close = async () => {
    await service.close()
    await log[Symbol.asyncDispose]()
  }
  const { handle, handleUpgrade, drain } = service
  return { handle, handleUpgrade, drain, close, [Symbol.asyncDispose]: close }
}

/** Undefined is no limit: a comparison with it never holds. */
function given(limits: NonNullable<GatewayOptions['limits']>): Partial<Limits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}

/** Why a credential was refused stays with the caller's function: its message may hold the credential. */
function identifying(auth: Authenticate): Authenticate {
  return async (authorization) => {
    try {
      return await auth(authorization)
    } catch (error) {
      throw new CredentialError('refused by the auth function', { hasExpired: error instanceof ExpiredCredential })
    }
  }
}

function openLogOf(log: GatewayOptions['log']): Log {
  if (log === undefined) return openLog('info')
  const formatters = { level: (level: string) => ({ level }) }
  const write = (line: string) => log(entryOf(line))
  return openLogTo(pino({ base: null, timestamp: false, formatters }, { write }))
}

function entryOf(line: string): LogEntry {
  const { level, msg: message, ...fields } = JSON.parse(line)
  return { level, message, fields }
}
