import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { Running } from '../support/command.ts'
import { run, start } from '../support/command.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, emptyDatabase, untilTestEnds } from '../support/database.ts'
import { openIssuer, options } from '../support/issuer.ts'
import { addDataSet } from '../support/rows.ts'

function serve(args: readonly string[], environment?: Record<string, string>): Running {
  const running = start(['serve', '--port', '0', ...args], environment)
  onTestFinished(async () => {
    running.child.kill('SIGKILL')
    await running.finished
  })
  return running
}

async function addressOf(running: Running): Promise<string> {
  const [address = ''] = /http:\/\/[^/\s]+/.exec(await running.printed('Stop with Ctrl+C')) ?? []
  return address
}

async function ask(address: string, query: string): Promise<unknown> {
  const answer = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  return answer.json()
}

/** Every row of SIPIS's tables, and the definitions of all objects. */
async function everything({ sql }: TestDatabase): Promise<unknown> {
  const names = (await sql(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)).flat()
  const rows = names.map((name) => sql(`SELECT t::text FROM ${name} t ORDER BY 1`))
  return [names, await Promise.all(rows), await sql('SELECT relname, relfilenode FROM pg_class ORDER BY oid')]
}

describe('sipis-gateway serve', () => {
  it('without a database serves the demo, and prints how to serve a real one', async () => {
    const running = serve([])
    const address = await addressOf(running)
    const said = await running.printed('')
    expect(said).toMatch(/DEMO/)
    expect(said).toContain('DATABASE_URL=$(cat ')
    expect(said).not.toContain(':password@')
    expect(said).toContain(`${address}/graphql`)
    expect(await ask(address, '{ selectors { totalCount } database { schemaVersion } }')).toEqual({
      data: { selectors: { totalCount: 60 }, database: { schemaVersion: 'V2' } },
    })
    expect(await (await fetch(`${address}/health`)).json()).toEqual({ status: 'ok', schemaVersion: 'V2' })
  })

  it('prints a command that can be pasted unchanged', async () => {
    const running = serve([])
    await addressOf(running)
    const [, body = ''] = /-d '(.*)'/.exec(await running.printed('')) ?? []
    const address = await addressOf(running)
    const answer = (await ask(address, JSON.parse(body).query)) as {
      data: { selector: { calls: { nodes: unknown[] } } }
    }
    expect(answer.data.selector.calls.nodes).toHaveLength(3)
  })

  it.each(schemaVersions)('serves a %s database by its URL, and does not change it', async (version) => {
    const own = untilTestEnds(await cloneDatabase(version))
    await addDataSet({ version, sql: own.sql }, { selectors: 3 })
    const before = await everything(own)
    const running = serve(['--database-url', own.url])
    const address = await addressOf(running)
    expect(await ask(address, '{ selectors { totalCount } database { schemaVersion } }')).toEqual({
      data: { selectors: { totalCount: 3 }, database: { schemaVersion: version } },
    })
    expect(
      await own.sql(
        `SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      ),
    ).toEqual([['sipis-gateway']])
    expect(await running.printed('')).not.toContain('password@')
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(0)
    expect(await everything(own)).toEqual(before)
    expect(
      await own.sql(
        `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sipis-gateway' AND datname = current_database()`,
      ),
    ).toEqual([['0']])
  })

  it('serves the database that Settings.xml names, in the time zone of the environment', async () => {
    const own = untilTestEnds(await cloneDatabase('V1', 'SQL_ASCII'))
    await own.sql(`INSERT INTO pushtests VALUES (1, 'p', 'iOS', '2026-07-01 12:00:00')`)
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-serve-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const { hostname, port, pathname, username, password } = new URL(own.url)
    const open = `host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username} password='${decodeURIComponent(password)}'`
    await writeFile(join(folder, 'defaults.xml'), `<Sipis><Database OpenString="${open}"/></Sipis>`)
    for (const n of [1, 2])
      await writeFile(
        join(folder, `Settings${n}.xml`),
        `<Sipis Defaults="defaults.xml"><Server Name="Sipis${n}"/></Sipis>`,
      )
    const running = serve(['--settings', folder], { SIPIS_TIME_ZONE: 'Europe/Prague' })
    expect(
      await ask(
        await addressOf(running),
        '{ database { schemaVersion encoding } pushTests { nodes { started selector { id } } } }',
      ),
    ).toEqual({
      data: {
        database: { schemaVersion: 'V1', encoding: 'SQL_ASCII' },
        pushTests: { nodes: [{ started: '2026-07-01T10:00:00.000000Z', selector: null }] },
      },
    })
  })

  it('warns of duplicate selectors at the start, like check', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql('ALTER TABLE selectors DROP CONSTRAINT selectors_selector_key')
    await own.sql(`INSERT INTO selectors (selector) VALUES ('a'), ('a')`)
    const warning =
      /1 value occurs more than once in selectors \(selector\)\. Only the row that was seen last is served\./
    const running = serve(['--database-url', own.url])
    await addressOf(running)
    expect(await running.printed('more than once')).toMatch(warning)
    const { code, stdout } = await run(['check', '--database-url', own.url])
    expect(stdout).toMatch(warning)
    expect(code).toBe(1)
  })

  it('has metrics on a port of its own, without a credential, and an access log, if METRICS_PORT and ACCESS_LOG are set', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const running = serve(['--database-url', own.url], { METRICS_PORT: '0', ACCESS_LOG: 'stderr' })
    await addressOf(running)
    const [, url = ''] = /^Metrics: +(\S+)$/m.exec(await running.printed('')) ?? []
    const answer = await fetch(url)
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining('sipis_selectors_seen_last_hour 0'),
    ])
    expect((await fetch(new URL('/graphql', url))).status).toBe(404)
    expect(await running.printed('"access":true')).toMatch(/"access":true,.*"route":"metrics"/)
  })

  it('exits with 0 on SIGINT', async () => {
    const running = serve([])
    await addressOf(running)
    running.child.kill('SIGINT')
    expect(await running.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('Stopping') })
  })

  it('takes the port from the environment, and reports a port that is in use', async () => {
    const busy = createServer().listen(0, '127.0.0.1')
    await once(busy, 'listening')
    onTestFinished(() => void busy.close())
    const address = busy.address()
    const port = String(typeof address === 'object' && address !== null ? address.port : '')
    const { code, stderr } = await run(['serve'], { PORT: port })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(`^Port ${port} of 127.0.0.1 is in use. Stop .* or choose another with --port.\n$`),
    )
  })
})

describe('sipis-gateway serve reports in one sentence what is wrong and what to do', () => {
  const refusal = async (args: string[], environment?: Record<string, string>) => {
    const { code, stderr, stdout } = await run(['serve', '--port', '0', ...args], environment)
    expect(code).not.toBe(0)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(stderr).not.toContain('canary')
    return stderr
  }

  it('when the database is down', async () => {
    expect(await refusal(['--database-url', 'postgres://u:canary@127.0.0.1:1/sipis'])).toMatch(
      /127.0.0.1:1\/sipis cannot be used: .*start PostgreSQL/,
    )
  })

  it('when the host or database is unknown, or the password is wrong', async () => {
    const own = untilTestEnds(await emptyDatabase())
    const url = new URL(own.url)
    expect(await refusal(['--database-url', 'postgres://u:canary@nowhere.invalid/sipis'])).toMatch(
      /nowhere.invalid:5432\/sipis cannot be used/,
    )
    url.pathname = '/nothing'
    expect(await refusal(['--database-url', url.href])).toMatch(/There is no database of this name/)
    const wrong = new URL(own.url)
    wrong.password = 'canary'
    const said = await run(['serve', '--port', '0', '--database-url', wrong.href])
    // A server may trust all connections on loopback.
    if (!said.stderr.includes('No SIPIS table')) expect(said.stderr).toMatch(/User or password is wrong/)
  })

  it('when the database has no tables of SIPIS', async () => {
    const own = untilTestEnds(await emptyDatabase())
    expect(await refusal(['--database-url', own.url])).toMatch(/No SIPIS table .* init/)
  })

  it('when a table is missing', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    await own.sql('DROP TABLE sipcalls')
    expect(await refusal(['--database-url', own.url])).toMatch(/neither schema v1 nor v2.*lacks sipcalls\b/)
  })

  it('when Settings.xml cannot be read', async () => {
    expect(await refusal(['--settings', '/nowhere/Settings.xml'])).toMatch(
      /Cannot read \/nowhere\/Settings.xml: there is no such file/,
    )
  })

  it('when it listens beyond loopback', async () => {
    expect(await refusal(['--host', '0.0.0.0'])).toMatch(/^Refused \(open-beyond-loopback\)/)
  })

  it('when several settings are wrong at once', async () => {
    const said = await refusal(['--host', '1.2.3.4', '--settings', '/nowhere'], {
      LOG_LEVEL: 'x',
    })
    expect(said.trim().split('\n')).toHaveLength(3)
  })

  it.each(['CET', '+02:00', 'Mars'])('when SIPIS_TIME_ZONE is %s, which names the setting', async (zone) => {
    const { url } = untilTestEnds(await cloneDatabase('V2'))
    expect(await refusal(['--database-url', url], { SIPIS_TIME_ZONE: zone })).toMatch(
      /^SIPIS_TIME_ZONE is .*e\.g\. Europe\/Prague/,
    )
  })

  it.each([['--nonsense'], ['extra'], ['--port']])('when an argument is unknown or incomplete: %s', async (arg) => {
    const { code, stderr } = await run(['serve', arg])
    expect(code).toBe(1)
    expect(stderr).toMatch(/error: .*\n.*--help/)
  })
})

describe('sipis-gateway serve with authentication', () => {
  // Faster to start than the demo.
  const database = async () => ['--database-url', untilTestEnds(await cloneDatabase('V2')).url]
  const withKeys = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-serve-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'keys.jsonl')
    const { stdout } = await run(['key', 'create', '--name', 'dashboard', '--scope', 'sipis:read', '--file', file])
    return { folder, file, key: stdout.trim() }
  }
  const askWith = async (address: string, credential: string) => {
    const answer = await fetch(`${address}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
      body: '{"query":"{ viewer { name scopes } }"}',
    })
    return answer.status === 200 ? answer.json() : answer.status
  }
  const viewer = { data: { viewer: { name: 'dashboard', scopes: ['sipis:read'] } } }

  it('requires an API key, rejects it once revoked, writes an audit log, and never prints the key', async () => {
    const { file, key } = await withKeys()
    const running = serve(await database(), { API_KEYS_FILE: file })
    const address = await addressOf(running)
    expect(await askWith(address, key)).toEqual(viewer)
    expect(await askWith(address, 'sipis_000000000000_x')).toBe(401)
    expect(await askWith(address, '')).toBe(401)
    await run(['key', 'revoke', 'dashboard', '--file', file])
    while ((await askWith(address, key)) !== 401);
    expect(await running.printed('"audit":true')).toMatch(/"who":"key:[0-9a-f]{12}".*"outcome":"ok"/)
    running.child.kill('SIGTERM')
    const { stdout, stderr } = await running.finished
    expect(stdout).toContain('Requires API keys')
    expect(stdout + stderr).not.toContain(key)
    expect(stdout + stderr).not.toMatch(/Authentication is off/)
  })

  it('requires a JSON Web Token, verified with keys from a file, beyond loopback as well', async () => {
    const issuer = untilTestEnds(await openIssuer())
    const environment = {
      AUTH_JWKS_FILE: issuer.jwksFile,
      AUTH_ISSUER: options.issuer,
      AUTH_AUDIENCE: options.audience,
    }
    const running = serve(['--host', '0.0.0.0', '--allow-writable-role', ...(await database())], {
      ...environment,
      AUDIT_LOG: join(dirname(issuer.jwksFile), 'audit.jsonl'),
    })
    const address = (await addressOf(running)).replace('0.0.0.0', '127.0.0.1')
    expect(await askWith(address, await issuer.tokenOf('dashboard', 'sipis:read'))).toEqual(viewer)
    expect(await askWith(address, `${await issuer.tokenOf('dashboard', 'sipis:read')}x`)).toBe(401)
    running.child.kill('SIGTERM')
    await running.finished
    expect(await readFile(join(dirname(issuer.jwksFile), 'audit.jsonl'), 'utf8')).toContain('"who":"jwt:dashboard"')
  })

  it('that is not configured is reported in the log and by viewer', async () => {
    const running = serve(await database())
    const address = await addressOf(running)
    expect(await running.printed('every user of this machine')).toMatch(/"level":40.*Authentication is off/)
    expect(await ask(address, '{ viewer { name } }')).toEqual({ data: { viewer: { name: 'open' } } })
  })

  it('refuses to start beyond loopback with a role that can write, unless --allow-writable-role is given; on loopback it warns', async () => {
    const { file } = await withKeys()
    const own = untilTestEnds(await cloneDatabase('V2'))
    const args = ['--database-url', own.url]
    const refused = await run(['serve', '--port', '0', '--host', '0.0.0.0', ...args], { API_KEYS_FILE: file })
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toMatch(
      /^Refused \(writable-role\): The database role \w+ is a superuser.*CREATE ROLE.*GRANT SELECT/s,
    )
    const insisting = serve([...args, '--host', '0.0.0.0', '--allow-writable-role'], { API_KEYS_FILE: file })
    await addressOf(insisting)
    expect(await serve(args).printed('is a superuser')).toMatch(/"level":40/)
  })

  it('shares rate limit counters through a writable database, and reports one that cannot be reached', async () => {
    const store = untilTestEnds(await emptyDatabase())
    const environment = {
      RATE_LIMIT_STORE_URL: store.url,
      RATE_LIMIT_SECRET: 'shared by the two',
      RATE_LIMIT_COST: '5',
    }
    const args = await database()
    const [one, two] = [serve(args, environment), serve(args, environment)]
    const addresses = [await addressOf(one), await addressOf(two)]
    const answers = []
    for (let n = 0; n < 6; n++) answers.push(JSON.stringify(await ask(String(addresses[n % 2]), '{ viewer { name } }')))
    expect(answers.filter((answer) => answer.includes('RATE_LIMITED')).length).toBeGreaterThan(0)
    const { code, stderr } = await run(['serve', '--port', '0', ...args], {
      RATE_LIMIT_STORE_URL: 'postgres://u:canary@127.0.0.1:1/x',
      RATE_LIMIT_SECRET: 'shared by the two',
    })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/RATE_LIMIT_STORE_URL cannot be used.*start PostgreSQL/)])
    expect(stderr).not.toContain('canary')
  })
})

describe('sipis-gateway serve refuses to start', () => {
  it('with keys that other users can read or files that cannot be read, reported in one sentence', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-serve-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'keys')
    await writeFile(file, '', { mode: 0o644 })
    for (const [environment, message] of [
      [{ API_KEYS_FILE: file }, /^Refused \(world-readable-keys\): .*chmod 600/],
      [{ AUDIT_LOG: '/nowhere/audit.jsonl' }, /^AUDIT_LOG \/nowhere\/audit.jsonl cannot be written: its folder/],
      [{ AUDIT_LOG: folder }, /^AUDIT_LOG .* cannot be written: it is a folder/],
      [{ TRUSTED_DOCUMENTS: '/nowhere/manifest.json' }, /^TRUSTED_DOCUMENTS .* cannot be read as JSON/],
    ] as const) {
      const { code, stderr, stdout } = await run(['serve', '--port', '0'], environment)
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(message)
      expect(stderr).not.toMatch(/\n\s+at /)
    }
  })
})
