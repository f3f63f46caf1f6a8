import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireDatabase, serveConfig } from '../../src/config.ts'

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
  it('without any setting is the demo on loopback', () => {
    expect(serveConfig({}, {})).toMatchObject({
      database: undefined,
      host: '127.0.0.1',
      port: 4000,
      timeZone: 'UTC',
      logLevel: 'info',
    })
    expect(serveConfig({}, { DATABASE_URL: '', PORT: '' })).toMatchObject({ database: undefined, port: 4000 })
  })

  it('takes the command line before the environment', () => {
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

  it('takes several settings of one database for one', () => {
    expect(serveConfig({ settings: [file('a.xml'), file('b.xml')] }, {}).database?.label).toBe('db:5432/a')
  })

  it('names all that is wrong at once', () => {
    const flags = { host: '0.0.0.0', port: 'x', settings: [file('missing.xml')] }
    const environment = {
      SIPIS_TIME_ZONE: 'Nowhere',
      LOG_LEVEL: 'loud',
      DATABASE_POOL_SIZE: '0',
      DATABASE_STATEMENT_TIMEOUT_MS: '-1',
    }
    const message = problemOf(() => serveConfig(flags, environment))
    for (const word of [
      'HOST',
      'PORT',
      'missing.xml',
      'SIPIS_TIME_ZONE',
      'LOG_LEVEL',
      'DATABASE_POOL_SIZE',
      'DATABASE_STATEMENT_TIMEOUT_MS',
    ]) {
      expect(message).toContain(word)
    }
    expect(message.split('\n')).toHaveLength(7)
  })

  it.each(['0.0.0.0', '::', '192.168.1.1', 'example.com', '127.0.0.1.example.com', '10.127.0.1'])(
    'refuses to listen on %s',
    (host) => {
      expect(() => serveConfig({ host }, {})).toThrow(/^Refused \(open-beyond-loopback\).*API_KEYS_FILE/)
    },
  )

  it.each([
    [{ databaseUrl: 'postgres://h/d', settings: ['x'] }, /Give one of them/],
    [{ settings: ['a.xml', 'c.xml'] }, /different databases: .*a\.xml db:5432\/a, .*c\.xml other:5432\/a/],
    [{ settings: ['none.xml'] }, /names no database/],
  ])('refuses %j', (flags, message) => {
    const settings = 'databaseUrl' in flags ? flags.settings : flags.settings.map(file)
    const problem = problemOf(() => serveConfig({ ...flags, settings }, {}))
    expect(problem).toMatch(message)
    expect(problem).not.toContain('canary')
  })

  it('of a command that needs a database says so where there is none', () => {
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
