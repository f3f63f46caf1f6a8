import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { parseConnectionString } from '../../src/config/connection-string.ts'
import { orProblem } from '../../src/database/connect-problem.ts'
import { openWriter } from '../../src/tools/writer.ts'
import { authority, certificate, expiredCertificate } from '../support/certificates.ts'
import type { Finished } from '../support/command.ts'
import { run } from '../support/command.ts'
import { isFull } from '../support/counts.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { behaviours, httpServer, socketServer, tlsServer } from '../support/other-servers.ts'

/** A home without a password file. */
async function emptyHome(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-home-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** Every command that needs a database. The time limit of the test checks that it ends. */
const commands: Readonly<Record<string, (url: string, good: string) => [string[], Record<string, string>?]>> = {
  serve: (url) => [['serve', '--port', '0', '--database-url', url], { DATABASE_CONNECT_TIMEOUT_MS: '1000' }],
  check: (url) => [['check', '--database-url', url]],
  init: (url) => [['init', '--database-url', url]],
  seed: (url) => [['seed', '--selectors', '1', '--database-url', url]],
  'copy into': (url, good) => [['copy', url, good]],
  'copy from': (url, good) => [['copy', good, url]],
  'serve with a shared rate limit': (url, good) => [
    ['serve', '--port', '0', '--database-url', good],
    { RATE_LIMIT_STORE_URL: url, RATE_LIMIT_SECRET: 'the same for all gateways' },
  ],
}

async function outcome(command: string, url: string): Promise<Finished> {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const [args, environment] = commands[command]?.(url, own.url) ?? [[]]
  return run(args, { HOME: await emptyHome(), ...environment })
}

function expectProblem(command: string, { code, stdout, stderr }: Finished, sentence: RegExp): void {
  expect(stderr).toMatch(sentence)
  expect(stderr).toMatch(/^The database [^\n]+ cannot be used: [^\n]+\n$/m)
  expect(stderr).not.toMatch(/\n\s+at |secret/)
  if (command === 'copy into') expect(stderr).toContain('the target (NEW)')
  if (command === 'copy from') expect(stderr).toContain('the source (OLD)')
  expect(stdout).toBe('')
  expect(code).toBe(command === 'check' ? 2 : 1)
}

/** Runs the same commands in this process. */
async function problemAt(text: string): Promise<string> {
  const connection = parseConnectionString(text, 'test', { HOME: await emptyHome() })
  return orProblem('here', () => openWriter(connection, 'sipis-gateway test')).then(() => 'It was connected.', String)
}

const urlWith = (change: (url: URL) => unknown) => {
  const url = new URL(`${inject('serverUrl')}/postgres`)
  url.searchParams.set('connect_timeout', '1')
  change(url)
  return url.href
}

const unknownName = `unknown_${process.pid}`

/** Faults, and the message to the operator for each. */
const faults: Readonly<Record<string, [RegExp, () => string]>> = {
  'a password is missing': [
    /the server requires a password, and none is configured.*PGPASSWORD/,
    () => urlWith((url) => Object.assign(url, { password: '' })),
  ],
  'the password is wrong': [
    /User or password is wrong/,
    () => urlWith((url) => Object.assign(url, { password: 'secret1' })),
  ],
  'the role does not exist': [
    /User or password is wrong/,
    () => urlWith((url) => Object.assign(url, { username: unknownName })),
  ],
  'the database does not exist': [
    /There is no database of this name/,
    () => urlWith((url) => Object.assign(url, { pathname: `/${unknownName}` })),
  ],
  'TLS is demanded but not offered': [
    /does not support SSL.*Switch ssl on/,
    () => urlWith((url) => url.searchParams.set('sslmode', 'require')),
  ],
  'nothing listens at the port': [/Nothing listens there/, () => urlWith((url) => Object.assign(url, { port: '1' }))],
  'the host is unknown': [
    /The host name (is unknown|cannot be looked up)/,
    () => urlWith((url) => Object.assign(url, { hostname: 'nowhere.invalid' })),
  ],
  'there is no socket': [/There is no such socket/, () => 'postgres://u@%2Fnowhere/d'],
}

describe.each(Object.keys(commands))('sipis-gateway %s reports what to do, and exits, if', (command) => {
  const few = ['a password is missing']
  it.each(Object.entries(faults).filter(([name]) => command === 'check' || isFull || few.includes(name)))(
    '%s',
    async (_, [sentence, url]) => {
      expectProblem(command, await outcome(command, url()), sentence)
    },
  )

  it('the server never answers', async () => {
    const other = untilTestEnds(await socketServer(behaviours['accepts and does not answer']))
    const url = `postgres://u:secret@127.0.0.1:${other.port}/d?connect_timeout=1`
    expectProblem(command, await outcome(command, url), /No answer came in time/)
  })
})

const said: Readonly<Record<keyof typeof behaviours, RegExp>> = {
  'accepts and does not answer': /No answer came in time/,
  'closes at once': /closed before PostgreSQL answered/,
  'resets at once': /closed before PostgreSQL answered/,
  'is an SSH server': /not that of a PostgreSQL server/,
  'sends garbage': /not that of a PostgreSQL server/,
  'sends an unterminated error': /not that of a PostgreSQL server/,
  'sends an unknown message': /not that of a PostgreSQL server/,
  'requests GSSAPI': /choose one of them in pg_hba.conf/,
  'authenticates and then does not answer': /not that of a PostgreSQL server/,
  'accepts TLS and sends garbage': /TLS could not be set up|not that of a PostgreSQL server/,
}

describe('A server that', () => {
  it.each(Object.entries(behaviours))('%s is reported', async (name, behave) => {
    const other = untilTestEnds(await socketServer(behave))
    const url = `postgres://u:secret@127.0.0.1:${other.port}/d?connect_timeout=1`
    const sentence = Object.entries(said).find(([key]) => key === name)?.[1] ?? /^$/
    expectProblem('check', await run(['check', '--database-url', url]), sentence)
  })

  it('speaks HTTP is reported, with encryption and without', async () => {
    const other = untilTestEnds(await httpServer())
    for (const sslmode of ['prefer', 'disable', 'require']) {
      const url = `postgres://u:secret@127.0.0.1:${other.port}/d?sslmode=${sslmode}`
      expect(await problemAt(url)).toMatch(/not that of a PostgreSQL server/)
    }
  })
})

describe('The certificate of a server', () => {
  it('is verified against the host name if hostaddr is set, and a failure is reported', async () => {
    const ca = join(await emptyHome(), 'ca.crt')
    await writeFile(ca, authority)
    const good = untilTestEnds(await tlsServer(certificate))
    const expired = untilTestEnds(await tlsServer(expiredCertificate))
    const trusted = `hostaddr=127.0.0.1 user=u dbname=d sslrootcert=${ca}`
    const cases: [string, RegExp][] = [
      // The handshake continues after the certificate.
      [`${trusted} host=db.example sslmode=verify-full port=${good.port}`, /choose one of them in pg_hba.conf/],
      [`${trusted} host=other sslmode=verify-ca port=${good.port}`, /choose one of them in pg_hba.conf/],
      [`${trusted} host=other sslmode=require port=${good.port}`, /choose one of them in pg_hba.conf/],
      [`${trusted} host=other port=${expired.port}`, /choose one of them in pg_hba.conf/],
      [`${trusted} host=other sslmode=verify-full port=${good.port}`, /certificate is for another name/],
      [`${trusted} host=db.example sslmode=require port=${expired.port}`, /certificate has expired/],
      [`hostaddr=127.0.0.1 user=u host=db.example sslmode=verify-full port=${good.port}`, /set sslrootcert/],
      [`hostaddr=127.0.0.1 user=u host=db.example sslrootcert=system port=${good.port}`, /set sslrootcert/],
    ]
    for (const [text, sentence] of cases) expect(await problemAt(text)).toMatch(sentence)
  })
})

describe('A role', () => {
  it('that may not log in is reported with the places to check', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const role = `locked_${new URL(own.url).pathname.slice(-12)}`
    await own.sql(`CREATE ROLE ${role} NOLOGIN PASSWORD 'secret'`)
    untilTestEnds({ [Symbol.asyncDispose]: async () => void (await own.sql(`DROP ROLE ${role}`)) })
    const url = urlWith((whole) => Object.assign(whole, { username: role, password: 'secret' }))
    expectProblem(
      'check',
      await run(['check', '--database-url', url]),
      /may log in, and look for a line in pg_hba.conf/,
    )
  })
})
