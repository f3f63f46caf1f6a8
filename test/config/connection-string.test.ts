import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeTarget, parseConnectionString } from '../../src/config/connection-string.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sipis-gateway-home-'))
})
afterAll(() => rm(home, { recursive: true }))

const parse = (text: string, environment: Record<string, string> = {}) =>
  parseConnectionString(text, 'OpenString', { HOME: home, ...environment })
const problemOf = (text: string, environment?: Record<string, string>) => {
  try {
    parse(text, environment)
  } catch (error) {
    return String(error)
  }
  throw new Error('It was accepted.')
}
/** The description of a connection string for messages, or the problem with it. */
const descriptionOf = (text: string) => {
  try {
    return describeTarget(parse(text))
  } catch (error) {
    return String(error)
  }
}
const sslOf = (text: string, environment?: Record<string, string>) => {
  const { ssl } = parse(text, environment)
  if (typeof ssl !== 'object') throw new Error('not encrypted')
  return ssl
}

const quote = (value: string) => `'${value.replaceAll(/['\\]/g, '\\$&')}'`
const escaped = (value: string) => value.replaceAll(/['\\ \t\n\v\f\r]/g, '\\$&')

describe('A connection string is parsed as in libpq:', () => {
  it.each([
    [
      'host=db port=5432 dbname=sipis user=sipis password=secret',
      { host: 'db', port: 5432, database: 'sipis', user: 'sipis', password: 'secret' },
    ],
    [
      String.raw`  host = 'db'   dbname='my db' password='it\'s \\ ok'  `,
      { host: 'db', database: 'my db', password: "it's \\ ok" },
    ],
    ['host=/var/run/postgresql dbname=x', { host: '/var/run/postgresql', database: 'x' }],
    ['dbname=x host=h password=a@b/c%20?#', { database: 'x', password: 'a@b/c%20?#' }],
    ["dbname=x host=h password=it's", { password: "it's" }],
    ["host=h dbname=x password='a'port=5433", { password: 'a', port: 5433 }],
    [String.raw`host=h dbname=x password=a\ b\\c\'`, { password: "a b\\c'" }],
    [String.raw`host=h password=a\ `, { password: 'a ' }],
    ['host=h dbname=x password= user=u', { password: 'user=u' }],
    ['host=h dbname=x user=a user=b', { user: 'b' }],
    ["host=h dbname=x user=u port=''", { port: 5432 }],
    ["host=h user=u dbname=''", { database: 'u' }],
    ['host=h user=u', { database: 'u' }],
    ['host=h dbname=d', { user: userInfo().username }],
    ['postgres://u:p%40@h:5433/d', { host: 'h', port: 5433, database: 'd', user: 'u', password: 'p@' }],
    ['postgresql:///d?host=/tmp', { host: '/tmp', database: 'd' }],
    ['postgresql://user:pw@/db?host=/socket', { host: '/socket', user: 'user', password: 'pw', database: 'db' }],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/db', { host: '/var/run/postgresql', database: 'db' }],
    ['postgres://u@%2Fs%20x:5433/db', { host: '/s x', port: 5433, user: 'u' }],
    ['postgres://u@[::1]:5433/d', { host: '::1', port: 5433, database: 'd', user: 'u' }],
    ['postgres://u:a+b@h/c+d?options=-ca%3D1+2', { password: 'a+b', database: 'c+d', options: '-ca=1+2' }],
    ['postgres://u:a:b?c#d@h/d#e', { password: 'a:b?c#d', database: 'd#e' }],
    ['postgres://h/my%20db%2Fx', { database: 'my db/x' }],
    ['postgres://h/žluť', { database: 'žluť' }],
    ['postgres://h/my db', { database: 'my db' }],
    ['postgres://h?user=u&dbname=x&port=5433', { host: 'h', user: 'u', database: 'x', port: 5433 }],
    ['postgres://a@h/d?user=b&host=other&', { user: 'b', host: 'other' }],
    ['postgres://h/d?hostaddr=10.0.0.1', { host: '10.0.0.1', database: 'd' }],
    ['hostaddr=10.0.0.1 host=db dbname=x', { host: '10.0.0.1', database: 'x' }],
    ['hostaddr=10.0.0.1 dbname=x', { host: '10.0.0.1' }],
    ['host=h dbname=x connect_timeout=3 keepalives_idle=30 application_name=SIPIS', { connectTimeoutMs: 3000 }],
    ['host=h dbname=x keepalives_idle=30', { keepAliveInitialDelayMillis: 30_000 }],
    ['host=h dbname=x connect_timeout=0', { host: 'h' }],
    [
      'host=h target_session_attrs=read-write channel_binding=prefer gssencmode=disable replication=false',
      { host: 'h' },
    ],
  ])('%s', (text, wanted) => {
    expect(parse(text)).toMatchObject(wanted)
  })

  it('quoted values are unquoted, in keywords and in a URL', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => !/[\0\ud800-\udfff]/.test(value))
    const parameters = fc.record({
      user: text,
      password: text,
      dbname: text,
      options: text,
      host: text.filter((host) => !/^@|,/.test(host)),
      port: fc.integer({ min: 1, max: 65_535 }).map(String),
    })
    const forms = fc.constantFrom(
      (all: [string, string][]) => all.map(([name, value]) => `${name}=${quote(value)}`).join(' '),
      (all: [string, string][]) => all.map(([name, value]) => `${name} = ${escaped(value)}`).join('\n'),
      (all: [string, string][]) => `postgres://?${all.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`,
      (all: [string, string][]) => {
        const [user, password, dbname, options, host, port] = all.map(([, value]) => encodeURIComponent(value))
        return `postgresql://${user}:${password}@${host}:${port}/${dbname}?options=${options}`
      },
    )
    fc.assert(
      fc.property(parameters, forms, (given, form) => {
        const { dbname, port, ...same } = given
        expect(parse(form(Object.entries(given)))).toMatchObject({ ...same, database: dbname, port: Number(port) })
      }),
    )
  })

  it('without a host it uses the socket if there is one, and otherwise localhost', () => {
    expect(parse('dbname=x port=1').host).toBe('localhost')
    expect(parse('postgres:///x?port=1').host).toBe('localhost')
  })
})

describe('A connection string is rejected with what to do:', () => {
  it.each([
    ['', /is empty/],
    ['/var/lib/sipis/state.sqlite', /SQLite/],
    ['just words', /neither a postgres:\/\/ URL nor/],
    ['mysql://h/d?user=x', /neither/],
    ["host=db password='unclosed", /quote is not closed/],
    ['host=db password=two words', /no = behind it/],
    ['host=a,b dbname=x', /OpenString: host lists several hosts, which is not supported/],
    ['postgres://a,b/x', /OpenString: host lists several hosts/],
    ['postgres://a:1,b:2/x', /OpenString: host lists several hosts/],
    ['host=h port=5432,5433', /lists several hosts/],
    ['hostaddr=10.0.0.1,10.0.0.2', /lists several hosts/],
    ['postgres://u:p@h:notaport/x', /OpenString: port is not a port number/],
    ['host=h port=0', /port is not a port number/],
    ['postgres://[::1/x', /not a valid/],
    ['postgres://h/%zz', /two hex digits/],
    ['postgres://h/%E9', /two hex digits/],
    ['postgres://h/a%00', /two hex digits/],
    ['postgres://h/x?user', /not a valid/],
    ['postgres://h/x?user=a=b', /not a valid/],
    ['dbname=x sslmode=verify-ca sslrootcert=/nowhere/ca.pem', /sslrootcert names a file that cannot be read/],
    ['host=h sslmode=verify-ca', /no certificate of an authority/],
    ['host=h sslmode=sometimes', /sslmode is not one of disable, allow/],
    ["host=h sslmode=''", /sslmode is not one of/],
    ['host=h hostnam=x', /invalid connection option "hostnam"/],
    ['postgres://h/d?sslmod=require', /invalid connection option "sslmod"/],
    ['postgres://h/d?SSLMODE=require', /invalid connection option "SSLMODE"/],
    ['host=h __proto__=x', /invalid connection option "__proto__"/],
    ['host=h uselibpqcompat=true', /invalid connection option/],
    ['hostaddr=db', /hostaddr is not an IP address/],
    ['hostaddr=10.0.0.1 sslmode=verify-full', /Set host beside it/],
    ['host=@abstract', /abstract socket/],
    ['host=h connect_timeout=soon', /connect_timeout is not a whole number/],
    ['host=h channel_binding=require', /channel_binding is not supported/],
    ['host=h gssencmode=require', /gssencmode is not supported/],
    ['host=h require_auth=scram-sha-256', /require_auth is not supported/],
    ['host=h requirepeer=postgres', /requirepeer is not supported/],
    ['host=h replication=database', /replication is not supported/],
    ['host=h sslsni=0', /sslsni is not supported/],
    ['host=h sslcrldir=/x', /sslcrldir is not supported/],
    ['host=h target_session_attrs=some', /target_session_attrs is not one of/],
    ['host=h sslrootcert=system sslmode=require', /weaker than sslrootcert=system/],
    ['host=h sslnegotiation=direct', /weaker than sslnegotiation=direct/],
    ['host=h service=nowhere', /service that neither/],
    ['postgres://u:can@ary@h/db', /host has an @.*%40/],
    ['host=ary@h', /host has an @/],
    ['postgres://u:12/canary@h/db', /not a valid postgres:\/\/ URL.*%2F/],
    ['postgres://u:canary@x/y@h/db', /not a valid postgres:\/\/ URL/],
    ['dbname=postgres://u:canary@h/db', /dbname is a connection string/],
    ["dbname='host=h password=canary'", /dbname is a connection string/],
    ['postgres:///?dbname=postgresql://u:canary@h/db', /dbname is a connection string/],
    ['host=h password=my canary=x', /connection option a word/],
    ['postgres://h/d?password=my&canary=x', /connection option a word/],
    ['host=h user=u canary=x', /connection option "canary"/],
  ])('%j', (text, message) => {
    expect(problemOf(text)).toMatch(message)
  })

  it('its description never contains part of the password', () => {
    const special = fc.constantFrom('@', '/', ':', '?', '#', '&', '=', ' ', "'")
    fc.assert(
      fc.property(fc.array(special, { maxLength: 4 }), (between) => {
        const password = ['canary1', ...between.flatMap((one) => [one, 'canary'])].join('')
        for (const text of [
          `postgres://u:${password}@h/d`,
          `postgres://u@h/d?password=${password}`,
          `host=h password=${password}`,
        ])
          expect(descriptionOf(text)).not.toContain('canary')
      }),
    )
  })

  it('its error message quotes only keywords', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('canary-1', 'canary=1', "host=h password='canary' "), (text, secret) => {
        for (const whole of [`${secret} ${text}`, `postgres://u:canary1@h/${text}`, `postgres://u:canary1@${text}`]) {
          try {
            parse(whole.replace('canary=1', 'host=canary1'))
          } catch (error) {
            expect(String(error)).not.toContain('canary')
          }
        }
      }),
    )
    expect(problemOf('postgres://u:canary@h:x/d')).not.toContain('canary')
    expect(problemOf('host=h password=my canary1=x')).not.toContain('canary')
  })
})

describe('Encryption', () => {
  it.each(['host=h', 'host=h sslmode=prefer', 'host=h sslmode=allow'])(
    'is used if the server offers it: %s',
    (text) => {
      expect(parse(text)).toMatchObject({ ssl: { rejectUnauthorized: false }, tlsIsOptional: true })
    },
  )

  it.each(['host=h sslmode=disable', 'host=/tmp sslmode=verify-full', 'postgres://%2Ftmp/d?sslmode=require'])(
    'is not used: %s',
    (text) => {
      expect(parse(text)).toMatchObject({ ssl: false, tlsIsOptional: false })
    },
  )

  it.each([
    'dbname=x host=h sslmode=require',
    'postgres://h/x?sslmode=require',
    'postgres://h/x?ssl=true',
    'host=h requiressl=1',
  ])('is required, but the certificate is not verified: %s', (text) => {
    expect(parse(text)).toMatchObject({ ssl: { rejectUnauthorized: false }, tlsIsOptional: false })
  })

  it.each(['host=h sslmode=verify-full', 'host=h sslrootcert=system'])('verifies the certificate: %s', (text) => {
    const { rejectUnauthorized, checkServerIdentity } = sslOf(text)
    expect({ rejectUnauthorized, checkServerIdentity }).toEqual({})
    expect(parse(text).tlsIsOptional).toBe(false)
  })

  it('verifies the certificate against host if hostaddr is set as well', () => {
    expect(sslOf('host=db.example hostaddr=10.0.0.1 sslmode=verify-full').servername).toBe('db.example')
    expect(sslOf('postgres://db.example/d?hostaddr=10.0.0.1&sslmode=require').servername).toBe('db.example')
  })

  it('uses the configured minimum version of TLS, and starts without a request if sslnegotiation is direct', () => {
    expect(sslOf('host=h sslmode=require ssl_min_protocol_version=TLSv1.3').minVersion).toBe('TLSv1.3')
    expect(parse('host=h sslmode=require sslnegotiation=direct').sslnegotiation).toBe('direct')
  })
})

describe('A parameter that the connection string lacks', () => {
  it('comes from the environment', () => {
    const environment = {
      PGHOST: 'env',
      PGPORT: '5433',
      PGUSER: 'u',
      PGPASSWORD: 'p',
      PGDATABASE: 'd',
      PGSSLMODE: 'require',
      PGOPTIONS: '-c geqo=off',
      PGCONNECT_TIMEOUT: '7',
    }
    const whole = { host: 'env', port: 5433, user: 'u', password: 'p', database: 'd', options: '-c geqo=off' }
    expect(parse('postgres://', environment)).toMatchObject({ ...whole, connectTimeoutMs: 7000 })
    expect(parse('postgres://', environment).tlsIsOptional).toBe(false)
    expect(parse('host=h user=v sslmode=disable', environment)).toMatchObject({
      ...whole,
      host: 'h',
      user: 'v',
      ssl: false,
    })
    expect(parse('host=h', { PGHOSTADDR: '10.0.0.9' }).host).toBe('10.0.0.9')
    expect(parse('host=h dbname=d user=u', { PGHOST: '', PGSSLMODE: '' })).toMatchObject({ host: 'h' })
    expect(problemOf('host=h', { PGSSLMODE: 'maybe' })).toMatch(/PGSSLMODE is not one of/)
    expect(problemOf('host=h', { PGCHANNELBINDING: 'require' })).toMatch(/PGCHANNELBINDING is not supported/)
  })

  it('comes from its service, which takes precedence over the environment', async () => {
    await writeFile(
      join(home, '.pg_service.conf'),
      '# services\n[other]\nhost=no\n\n  [sipis]  \nhost=service\nport=6000\nhost=second\n  dbname=sipis db\n[last]\nuser=x\n',
    )
    expect(parse('service=sipis port=1', { PGHOST: 'env', PGUSER: 'env' })).toMatchObject({
      host: 'service',
      port: 1,
      database: 'sipis db',
      user: 'env',
    })
    expect(parse('postgres://?service=sipis').host).toBe('service')
    expect(parse('postgres://', { PGSERVICE: 'last', PGHOST: 'h' }).user).toBe('x')
    const elsewhere = join(home, 'services')
    await writeFile(elsewhere, '[sipis]\nhost=elsewhere\n[bad]\nhots=x\n[nested]\nservice=sipis\n[odd]\nhost\n')
    expect(parse('service=sipis', { PGSERVICEFILE: elsewhere }).host).toBe('elsewhere')
    const problem = (name: string) => problemOf(`service=${name}`, { PGSERVICEFILE: elsewhere })
    expect(problem('bad')).toMatch(/invalid connection option "hots"/)
    expect(problem('nested')).toMatch(/within a service/)
    expect(problem('odd')).toMatch(/not of the form/)
    expect(problem('canary')).not.toContain('canary')
  })

  it('is read from the password file if it is the password and only the owner can read the file', async () => {
    const file = join(home, '.pgpass')
    await writeFile(
      file,
      String.raw`# comment
db:5432:other:u:wrong
db:5432:my\:db:u:se\\cr\:et:x
*:*:*:v:any
localhost:5432:d:s:of the socket
`,
      { mode: 0o600 },
    )
    expect(parse(`host=db user=u dbname='my:db'`).password).toBe(String.raw`se\cr:et:x`)
    expect(parse(`host=db hostaddr=10.0.0.1 user=u dbname='my:db'`).password).toBe(String.raw`se\cr:et:x`)
    expect(parse('host=anywhere user=v port=1 dbname=z').password).toBe('any')
    expect(parse('host=/tmp user=s dbname=d').password).toBe('of the socket')
    expect(parse('host=db user=v password=own').password).toBe('own')
    expect(parse('host=db user=v', { PGPASSWORD: 'env' }).password).toBe('env')
    const asked = async (text: string, environment?: Record<string, string>) => {
      const { password } = parse(text, environment)
      return typeof password === 'function' ? Promise.resolve().then(password).catch(String) : password
    }
    expect(await asked('host=db user=w')).toMatch(/no line for this host/)
    expect(await asked('host=db user=v passfile=/nowhere')).toMatch(/there is no \/nowhere/)
    await chmod(file, 0o640)
    expect(await asked('host=db user=v')).toMatch(/chmod 0600/)
    expect(await asked('host=db user=v', { PGPASSFILE: home })).toMatch(/not a plain file/)
    await rm(file)
  })

  it("is read from libpq's folder if it is a certificate", async () => {
    const folder = join(home, '.postgresql')
    await mkdir(folder)
    await writeFile(join(folder, 'root.crt'), 'not a certificate')
    expect(problemOf('host=h sslmode=verify-full')).toMatch(/cannot be used/)
    await writeFile(join(folder, 'postgresql.crt'), 'not a certificate')
    expect(problemOf('host=h')).toMatch(/no private key/)
    await writeFile(join(folder, 'postgresql.key'), 'not a key', { mode: 0o644 })
    expect(problemOf('host=h')).toMatch(/chmod 0600/)
    expect(parse('host=h sslcertmode=disable').host).toBe('h')
    await rm(folder, { recursive: true })
  })
})

describe('A database', () => {
  it('is described without user and password', () => {
    expect(describeTarget(parse('postgres://u:canary@h:5433/d'))).toBe('h:5433/d')
    expect(describeTarget(parse('dbname=d port=1 password=canary'))).toBe('localhost:1/d')
    expect(describeTarget(parse('postgres://u@[::1]/d'))).toBe('[::1]:5432/d')
    expect(describeTarget(parse('postgres://u@%2Ftmp/d'))).toBe('/tmp:5432/d')
    expect(describeTarget(parse('postgres://u@h/d%0A%1B[31m'))).toBe('h:5432/d [31m')
  })
})
