import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeTarget, parseConnectionString } from '../../src/connection-string.ts'

const parse = (text: string) => parseConnectionString(text, 'OpenString')

describe('A connection string', () => {
  it.each([
    [
      'host=db port=5432 dbname=sipis user=sipis password=secret',
      { host: 'db', port: 5432, database: 'sipis', user: 'sipis', password: 'secret' },
    ],
    [
      `  host = 'db'   dbname='my db' password='it''s'`.replace(`it''s`, `it\\'s \\\\ ok`),
      { host: 'db', database: 'my db', password: "it's \\ ok" },
    ],
    ['hostaddr=10.0.0.1 host=db dbname=x', { host: '10.0.0.1', database: 'x' }],
    ['host=/var/run/postgresql dbname=x', { host: '/var/run/postgresql', database: 'x' }],
    ['dbname=x password=a@b/c%20?#', { database: 'x', password: 'a@b/c%20?#' }],
    ['dbname=x connect_timeout=3 application_name=SIPIS', { database: 'x' }],
    ['dbname=x sslmode=prefer', { database: 'x' }],
    ['postgres://u:p%40@h:5433/d', { host: 'h', port: 5433, database: 'd', user: 'u', password: 'p@' }],
    ['postgresql:///d?host=/tmp', { host: '/tmp', database: 'd' }],
    ['postgres://u@[::1]:5433/d', { host: '::1', port: 5433, database: 'd', user: 'u' }],
  ])('%s is read as libpq reads it', (text, wanted) => {
    const { ssl, ...config } = parse(text)
    expect(config).toMatchObject(wanted)
    expect(ssl).toBeUndefined()
  })

  it('with sslmode=require encrypts without asking for a certificate, with verify-full asks', () => {
    expect(parse('dbname=x sslmode=require').ssl).toMatchObject({ rejectUnauthorized: false })
    expect(parse('postgres://h/x?sslmode=require').ssl).toMatchObject({ rejectUnauthorized: false })
    expect(parse('postgres://h/x?sslmode=verify-full').ssl).not.toMatchObject({ rejectUnauthorized: false })
  })

  it('gives back any value that was quoted', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        (password, database) => {
          fc.pre(!/[\0\ud800-\udfff]/.test(password + database))
          const quote = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`
          const config = parse(`dbname=${quote(database)} password=${quote(password)}`)
          expect(config.database).toBe(database)
          expect(config.password ?? '').toBe(password)
        },
      ),
    )
  })

  it.each([
    ['', /is empty/],
    ['/var/lib/sipis/state.sqlite', /SQLite/],
    ['just words', /neither a postgres:\/\/ URL nor/],
    ['mysql://h/d', /neither/],
    ["host=db password='unclosed", /quotes/],
    ['host=a,b dbname=x', /several hosts/],
    ['postgres://u:p@h:notaport/x', /not a valid/],
    ['dbname=x sslmode=verify-ca sslrootcert=/nowhere/ca.pem', /certificate or key file/],
  ])('%j is refused with what to do', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it('is never quoted in a problem', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parse(`canary-secret ${text}`)
        } catch (error) {
          expect(String(error)).not.toContain('canary')
        }
      }),
    )
    expect(() => parse('postgres://u:canary@h:x/d')).toThrow(/^((?!canary).)*$/s)
  })

  it('is described without user and password', () => {
    expect(describeTarget(parse('postgres://u:canary@h:5433/d'))).toBe('h:5433/d')
    expect(describeTarget(parse('dbname=d password=canary'))).toBe('localhost:5432/d')
    expect(describeTarget(parse('postgres://u@[::1]/d'))).toBe('[::1]:5432/d')
  })
})
