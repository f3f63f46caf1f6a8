import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { removeInternalDeclarations } from '../scripts/declarations.ts'
import type { GatewayOptions, LogEntry, Principal } from '../src/gateway.ts'
import { ExpiredCredential, openGateway, Problem } from '../src/gateway.ts'
import { migrateServer } from '../src/sipis/migrations.ts'
import type { SchemaVersion } from '../src/sipis/schema-version.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from './support/database.ts'
import { addRow, addSelector, selectorNamed } from './support/rows.ts'
import { askSocket, openSocket } from './support/sockets.ts'
import { until } from './support/until.ts'

const tool: Principal = { id: 'tool', name: 'tool', scopes: ['sipis:read'], selector: null }
const phone: Principal = { id: 'phone', name: 'phone', scopes: ['sipis:own'], selector: selectorNamed(1) }
const count = '{ selectors { totalCount } }'
const connections = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sipis-gateway'`

/** A server of another program, with the gateway as its listener. */
async function serve(options: GatewayOptions) {
  const gateway = untilTestEnds(await openGateway(options))
  const server = createServer(gateway.handle).on('upgrade', gateway.handleUpgrade)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const ask = (query: string, authorization?: string) =>
    fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
      body: JSON.stringify({ query }),
    })
  return Object.assign(ask, { origin, server, close: gateway.close, drain: gateway.drain })
}

async function asMigrator(url: string, version: SchemaVersion) {
  const client = new pg.Client(url)
  await client.connect()
  await migrateServer(client, version)
  await client.end()
}

async function database() {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const target = { version: 'V2' as const, sql: own.sql }
  for (const n of [1, 2]) await addSelector(target, n)
  await addRow(target, 'sipcalls', 1, { rowid: 1, time: '2026-01-01' })
  return own
}

describe('openGateway', () => {
  it('serves a database by its URL from a server of another program, and closes its connections', async () => {
    const own = await database()
    const ask = await serve({ databaseUrl: own.url, auth: 'open', log: () => undefined })
    expect(await (await ask(count)).json()).toEqual({ data: { selectors: { totalCount: 2 } } })
    await ask.close()
    await ask.close()
    await until('no connection is left', async () => (await own.sql(connections)).length === 0)
  })

  it('serves WebSockets of that server, answers its other upgrades, and ends them so that it can close', async () => {
    const own = await database()
    const ask = await serve({ databaseUrl: own.url, auth: 'open', limits: { connections: 2 }, log: () => undefined })
    expect(await askSocket(ask.origin, count)).toEqual({ data: { selectors: { totalCount: 2 } } })
    const upgraded = request(`${ask.origin}/live`, { headers: { connection: 'upgrade', upgrade: 'h2c' } }).end()
    const [response] = await once(upgraded, 'response')
    expect([response.statusCode, await text(response)]).toEqual([200, '{"status":"ok"}'])
    const [first, second] = [await openSocket(ask.origin), await openSocket(ask.origin)]
    await first.init()
    await second.init()
    expect(await (await openSocket(ask.origin)).closed).toEqual([503, 'UNAVAILABLE'])
    const closed = new Promise((resolve) => ask.server.close(resolve))
    ask.drain()
    expect((await first.closed)[0]).toBe(1012)
    expect((await second.closed)[0]).toBe(1012)
    await closed
    ask.server.listen(0, '127.0.0.1')
  })

  it('serves another schema version after the database is replaced, and meanwhile reports why it is not ready', async () => {
    const own = await database()
    const log: LogEntry[] = []
    const ask = await serve({ databaseUrl: own.url, auth: 'open', log: (entry) => log.push(entry) })
    const version = '{ database { schemaVersion } selectors { totalCount } }'
    const ready = async () => {
      const answer = await fetch(`${ask.origin}/ready`)
      return [answer.status, await answer.json()]
    }
    await own.sql('DROP TABLE selectors CASCADE')
    expect((await ask(count)).status).toBe(503)
    await until('the schema is not ready', async () => (await ready())[0] === 503)
    expect(await ready()).toMatchObject([503, { reasons: { schema: 'see the log' } }])

    await own.sql('DROP SCHEMA public CASCADE; DROP SCHEMA sipis_gateway CASCADE; CREATE SCHEMA public')
    await asMigrator(own.url, 'V1')
    await addSelector({ version: 'V1', sql: own.sql }, 1)
    await until('it queries again', async () => {
      await ask(count)
      return (await ready())[0] === 200
    })
    expect(await (await ask(version)).json()).toEqual({
      data: { database: { schemaVersion: 'V1' }, selectors: { totalCount: 1 } },
    })
    const messages = log.map(({ message }) => message)
    expect(messages).toContainEqual(expect.stringMatching(/^The tables cannot be served: .*selectors/s))
    expect(messages).toContain('The tables can be served again')
    expect(log.map(({ fields }) => fields)).toContainEqual({ from: 'V2', to: 'V1' })
  })

  it('identifies callers with a function, and responds with 401 if the function throws, without its message', async () => {
    const own = await database()
    const entries: LogEntry[] = []
    const ask = await serve({
      databaseUrl: own.url,
      allowWritableRole: true,
      settings: { AUDIT_LOG: 'off' },
      log: (entry) => entries.push(entry),
      auth: async (authorization) => {
        if (authorization === 'tool') return tool
        if (authorization === 'phone') return phone
        if (authorization === 'old') throw new ExpiredCredential()
        throw new Error(`unknown: ${authorization}`)
      },
    })
    expect(await (await ask(count, 'tool')).json()).toEqual({ data: { selectors: { totalCount: 2 } } })
    expect(await (await ask('{ viewer { selector { name } } }', 'phone')).json()).toEqual({
      data: { viewer: { selector: { name: selectorNamed(1) } } },
    })
    expect(await (await ask(count, 'phone')).json()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    const refused = await ask(count, 'a secret')
    expect(refused.status).toBe(401)
    const told = await refused.text()
    expect(told).not.toContain('secret')
    expect(JSON.parse(told)).toMatchObject({ errors: [{ extensions: { reason: 'INVALID' } }] })
    expect(await (await ask(count, 'old')).json()).toMatchObject({ errors: [{ extensions: { reason: 'EXPIRED' } }] })
    expect(entries).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('is a superuser') }),
    )
    expect(JSON.stringify(entries)).not.toContain('a secret')
  })

  it('shows no selector in GraphiQL if callers are identified', async () => {
    const own = await database()
    const settings = { AUDIT_LOG: 'off' }
    const common = { databaseUrl: own.url, settings, log: () => undefined }
    const pageOf = async (options: GatewayOptions) => {
      const { origin } = await serve(options)
      return (await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } })).text()
    }
    const ops: Principal = { ...tool, scopes: ['sipis:ops'] }
    // Compares lengths, because a failure would print megabytes of the page.
    const found = async (options: GatewayOptions) => {
      const page = await pageOf(options)
      return { isPage: page.includes('GraphiQL'), names: [1, 2].some((n) => page.includes(selectorNamed(n))) }
    }
    expect(await found({ ...common, allowWritableRole: true, auth: async () => ops })).toEqual({
      isPage: true,
      names: false,
    })
    expect(await found({ ...common, auth: 'open' })).toEqual({ isPage: true, names: true })
  })

  it('accepts settings and limits, and ignores the environment', async () => {
    const own = await database()
    const limited = await serve({
      settings: { DATABASE_URL: own.url, LIMIT_DEPTH: '3' },
      limits: { aliases: 1, depth: undefined },
      auth: 'open',
      log: () => undefined,
    })
    const codeOf = async (query: string) => (await (await limited(query)).json()).errors?.[0].extensions.setting
    expect(await codeOf('{ selectors { nodes { calls { nodes { id } } } } }')).toBe('LIMIT_DEPTH')
    expect(await codeOf('{ a: viewer { name } b: viewer { name } }')).toBe('LIMIT_ALIASES')
    process.env['DATABASE_URL'] = own.url
    onTestFinished(() => void delete process.env['DATABASE_URL'])
    await expect(openGateway({ auth: 'open' })).rejects.toThrow('No database is named.')
  })

  it.each<[string, Partial<GatewayOptions>, RegExp]>([
    ['callers are not identified', {}, /Callers are not identified\. Set auth/],
    ['the role can write', { auth: async () => tool }, /Refused \(writable-role\)/],
    ['a setting is wrong', { auth: 'open', settings: { LIMIT_DEPTH: 'x' } }, /LIMIT_DEPTH/],
    ['auth is given twice', { auth: 'open', settings: { API_KEYS_FILE: 'keys.jsonl' } }, /Leave out one of them/],
    ['the database cannot be reached', { auth: 'open', databaseUrl: 'postgres://u@127.0.0.1:1/d' }, /127\.0\.0\.1:1/],
  ])('fails with a Problem if %s, and leaves no connection', async (_, options, message) => {
    const own = await database()
    const failure: unknown = await openGateway({ databaseUrl: own.url, log: () => undefined, ...options }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(Problem)
    expect(String(failure)).toMatch(message)
    await until('no connection is left', async () => (await own.sql(connections)).length === 0)
  })

  it('fails with a Problem on a database without tables of SIPIS', async () => {
    const own = untilTestEnds(await emptyDatabase())
    await expect(openGateway({ databaseUrl: own.url, auth: 'open' })).rejects.toThrow(Problem)
  })
})

describe('The types of the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sipis-gateway-types-'))
  const tsc = (...args: string[]) => {
    try {
      return execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...args], { encoding: 'utf8' })
    } catch (error) {
      return String((error as { stdout?: unknown }).stdout)
    }
  }

  it('compile with skipLibCheck: false, and contain no types of other packages', { timeout: 120_000 }, () => {
    onTestFinished(() => rmSync(folder, { recursive: true }))
    expect(tsc('-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist'))).toBe('')
    removeInternalDeclarations(join(folder, 'dist'), ['gateway.d.ts', 'codegen.d.ts'])
    const kept = globSync('**/*.d.ts', { cwd: join(folder, 'dist') })
    expect(kept).toEqual(expect.arrayContaining(['gateway.d.ts', 'codegen.d.ts', 'auth/principal.d.ts']))
    expect(kept).not.toContain('composition.d.ts')
    symlinkSync(resolve('node_modules/@types'), join(folder, 'types'))
    writeFileSync(
      join(folder, 'consumer.ts'),
      `import { createServer, request } from 'node:http'
       import type { GatewayOptions } from './dist/gateway.js'
       import { openGateway, Problem } from './dist/gateway.js'
       const { DATABASE_URL: databaseUrl, SIPIS_TIME_ZONE, LIMIT_DEPTH } = process.env
       const settings = { SIPIS_TIME_ZONE }
       const limits = { depth: LIMIT_DEPTH === undefined ? undefined : Number(LIMIT_DEPTH) }
       const options: GatewayOptions = { databaseUrl, settings, limits, plugins: undefined, log: ({ message }) => void message }
       const auth: GatewayOptions['auth'] = async (authorization) =>
         ({ id: authorization ?? '', name: '', scopes: ['sipis:read'], selector: null })
       export async function start(): Promise<() => Promise<void>> {
         try {
           const { handle, close } = await openGateway({ ...options, auth })
           createServer(handle).listen(0)
           return close
         } catch (error) {
           throw error instanceof Problem ? new Error(error.message) : error
         }
       }`,
    )
    const flags = [
      '--ignoreConfig',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      'false',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2023',
    ]
    const types = ['--lib', 'es2023,esnext.disposable', '--typeRoots', join(folder, 'types'), '--types', 'node']
    const listed = tsc(...flags, ...types, '--listFiles', join(folder, 'consumer.ts')).split('\n')
    expect(listed.filter((line) => line.includes('error TS'))).toEqual([])
    // Only the files that the entry reaches, because a dependency there would have to be installed with its types.
    const foreign = listed.filter(
      (file) => /node_modules/.test(file) && !/\/(typescript[^/]*|@typescript|@types|undici-types)\//.test(file),
    )
    expect(foreign).toEqual([])
    expect(
      globSync(join(folder, 'dist/gateway.d.ts'))
        .map((file) => readFileSync(file, 'utf8'))
        .join(''),
    ).toContain('export declare function openGateway')
  })
})
