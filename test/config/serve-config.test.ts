import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireDatabase } from '../../src/config/database-target.ts'
import { serveConfig } from '../../src/config/serve-config.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-config-'))
  await writeFile(
    join(folder, 'a.xml'),
    '<Sipis><Database OpenString="host=db dbname=a user=x password=canary"/></Sipis>',
  )
  await writeFile(join(folder, 'b.xml'), '<Sipis><Database OpenString="host=db port=5432 dbname=a user=y"/></Sipis>')
  await writeFile(join(folder, 'c.xml'), '<Sipis><Database OpenString="host=other dbname=a"/></Sipis>')
  await writeFile(join(folder, 'none.xml'), '<Sipis/>')
})
afterAll(() => rm(folder, { recursive: true }))

const file = (name: string) => join(folder, name)

describe('The configuration', () => {
  it('without any setting serves the demo on loopback', () => {
    expect(serveConfig({}, {})).toMatchObject({
      database: undefined,
      host: '127.0.0.1',
      port: 4000,
      timeZone: 'UTC',
      logLevel: 'info',
    })
    expect(serveConfig({}, { DATABASE_URL: '', PORT: '' })).toMatchObject({ database: undefined, port: 4000 })
  })

  it('prefers flags to the environment', () => {
    const environment = { DATABASE_URL: 'postgres://env/e', HOST: '::1', PORT: '1', SIPIS_TIME_ZONE: 'Europe/Prague' }
    expect(serveConfig({}, environment)).toMatchObject({
      database: { label: 'env:5432/e' },
      host: '::1',
      port: 1,
      timeZone: 'Europe/Prague',
    })
    const flags = { databaseUrl: 'postgres://flag/f', host: 'localhost', port: '2' }
    expect(serveConfig(flags, environment)).toMatchObject({
      database: { label: 'flag:5432/f' },
      host: 'localhost',
      port: 2,
    })
    expect(serveConfig({ settings: [file('a.xml')] }, environment).database?.label).toBe('db:5432/a')
  })

  it('accepts several settings files that name one database', () => {
    expect(serveConfig({ settings: [file('a.xml'), file('b.xml')] }, {}).database?.label).toBe('db:5432/a')
  })

  it('reports all mistakes at once', () => {
    const flags = { host: '0.0.0.0', port: 'x', settings: [file('missing.xml')] }
    const environment = {
      LOG_LEVEL: 'loud',
      DATABASE_POOL_SIZE: '0',
      DATABASE_STATEMENT_TIMEOUT_MS: '-1',
    }
    const message = problemOf(() => serveConfig(flags, environment))
    for (const word of [
      'HOST',
      'PORT',
      'missing.xml',
      'LOG_LEVEL',
      'DATABASE_POOL_SIZE',
      'DATABASE_STATEMENT_TIMEOUT_MS',
    ]) {
      expect(message).toContain(word)
    }
    expect(message.split('\n')).toHaveLength(6)
  })

  it.each(['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.example.com', '10.127.0.1'])(
    'does not listen on %s',
    (host) => {
      expect(() => serveConfig({ host }, {})).toThrow(/^Refused \(open-beyond-loopback\).*API_KEYS_FILE/)
    },
  )

  it.each([
    [{ databaseUrl: 'postgres://h/d', settings: ['x'] }, /Give one of them/],
    [{ settings: ['a.xml', 'c.xml'] }, /different databases: .*a\.xml db:5432\/a, .*c\.xml other:5432\/a/],
    [{ settings: ['none.xml'] }, /names no database/],
  ])('rejects %j', (flags, message) => {
    const settings = 'databaseUrl' in flags ? flags.settings : flags.settings.map(file)
    const problem = problemOf(() => serveConfig({ ...flags, settings }, {}))
    expect(problem).toMatch(message)
    expect(problem).not.toContain('canary')
  })

  it.each([
    ['open-beyond-loopback', { HOST: '0.0.0.0' }],
    ['jwks-without-issuer', { AUTH_JWKS_FILE: 'x', AUTH_AUDIENCE: 'a' }],
    ['jwks-without-audience', { AUTH_JWKS_URL: 'https://issuer.example/jwks', AUTH_ISSUER: 'i' }],
    ['issuer-without-jwks', { AUTH_ISSUER: 'i' }],
    ['misspelled-authentication', { API_KEY_FILE: 'keys' }],
    ['password-like-setting', { SETTINGS_ALLOW: 'title, cloud_password' }],
    ['password-like-setting', { SETTINGS_ALLOW: 'authToken' }],
  ])('is rejected with the name of the reason: %s', (name, environment) => {
    expect(problemOf(() => serveConfig({}, environment))).toMatch(new RegExp(`^Refused \\(${name}\\): .+\\. .+\\.$`))
  })

  it.each([
    [{ AUTH_JWKS_URL: 'http://issuer.example/jwks', AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' }, /https address/],
    [
      { AUTH_JWKS_URL: 'https://u:canary@issuer.example/', AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' },
      /without user and password/,
    ],
    [{ AUTH_JWKS_URL: 'https://a/', AUTH_JWKS_FILE: 'b', AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' }, /Set one of them/],
    [{ CORS_ORIGINS: 'https://a.example/path, *' }, /CORS_ORIGINS has https:\/\/a.example\/path, \*/],
    [{ TRUST_PROXY: '10.0.0.0/99' }, /TRUST_PROXY is/],
    [{ TRUSTED_ONLY: 'true' }, /without TRUSTED_DOCUMENTS/],
    [{ TRUSTED_ONLY: 'yes' }, /TRUSTED_ONLY is "yes"/],
    [{ AUDIT_KEY: 'canary' }, /at least 16 characters/],
    [{ LIMIT_DEPTH: '0', LIMIT_COST: '-1' }, /LIMIT_DEPTH.*LIMIT_COST/s],
    [{ RATE_LIMIT_REQUESTS: '0' }, /RATE_LIMIT_REQUESTS is "0"/],
    [{ RATE_LIMIT_STORE_URL: 'canary' }, /RATE_LIMIT_STORE_URL/],
    [{ RATE_LIMIT_STORE_URL: 'postgres://u:canary@h/d' }, /without RATE_LIMIT_SECRET.*openssl rand -hex 32/],
    [{ RATE_LIMIT_SECRET: 'canary' }, /RATE_LIMIT_SECRET must have at least 16 characters/],
    [{ SETTINGS_ALLOW: 'x'.repeat(65) }, /at most 64 characters/],
  ])('reports what to do about %j', (environment, message) => {
    const problem = problemOf(() => serveConfig({}, environment))
    expect(problem).toMatch(message)
    expect(problem).not.toContain('canary')
  })

  it('limits rates by default with authentication, and only if they are set without', () => {
    expect(serveConfig({}, { API_KEYS_FILE: 'k' }).rates).toEqual({ costPerMinute: 600_000, requestsPerMinute: 60_000 })
    expect(serveConfig({}, {}).rates).toEqual({ costPerMinute: undefined, requestsPerMinute: undefined })
    expect(serveConfig({}, { RATE_LIMIT_REQUESTS: '5' }).rates.requestsPerMinute).toBe(5)
  })

  it('by default allows no setting that could be a password', () => {
    for (const name of serveConfig({}, {}).allowedSettings) expect(name).not.toMatch(/pass|secret|auth|cloud/i)
  })

  it('without a database is rejected by commands that need one', () => {
    expect(() => requireDatabase({}, {})).toThrow(/--database-url/)
    expect(requireDatabase({}, { DATABASE_URL: 'postgres://h/d' }).label).toBe('h:5432/d')
  })
})

function problemOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('There was no problem.')
}
