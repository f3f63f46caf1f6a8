import { describe, expect, it } from 'vitest'
import { requireApiKeysFile } from '../../src/config/authentication.ts'
import { requireDatabase } from '../../src/config/database-target.ts'
import { serveConfig } from '../../src/config/serve-config.ts'

const warned = (environment: Record<string, string>) => serveConfig({}, environment).warnings

describe('A misspelled setting', () => {
  it.each([
    ['LIMIT_DEPHT', 'LIMIT_DEPTH'],
    ['LIMIT_DEPTHS', 'LIMIT_DEPTH'],
    ['limit_depth', 'LIMIT_DEPTH'],
    ['LIMITDEPTH', 'LIMIT_DEPTH'],
    ['RATE_LIMIT_REQUEST', 'RATE_LIMIT_REQUESTS'],
    ['RATELIMIT_COST', 'RATE_LIMIT_COST'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['database-url', 'DATABASE_URL'],
    ['DATABASE_POOLSIZE', 'DATABASE_POOL_SIZE'],
    ['DATABASE_STATEMENT_TIMEOUT', 'DATABASE_STATEMENT_TIMEOUT_MS'],
    ['SIPIS_TIMEZONE', 'SIPIS_TIME_ZONE'],
    ['SIPIS_DATABASE_URL', 'DATABASE_URL'],
    ['TRUST_PROXIES', 'TRUST_PROXY'],
    ['TRUSTED_DOCUMENT', 'TRUSTED_DOCUMENTS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['SETTINGS_ALOW', 'SETTINGS_ALLOW'],
    ['AUDITLOG', 'AUDIT_LOG'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
  ])('%s is warned about with the suggestion %s', (name, meant) => {
    expect(warned({ [name]: 'x' })).toEqual([
      expect.stringMatching(new RegExp(`^${name} is set.*did you mean ${meant}\\?`)),
    ])
  })

  it.each(['LIMIT_EVERYTHING_AT_ONCE', 'LIMIT_MAX_DEPTH', 'SIPIS_HOME', 'TRUSTED_FRIENDS_AND_FAMILY'])(
    '%s is warned about without a suggestion',
    (name) => {
      expect(warned({ [name]: 'x' })).toEqual([expect.stringMatching(`^${name} is set.*docs/configuration.md`)])
    },
  )

  it.each([
    ['API_KEY_FILE', 'API_KEYS_FILE'],
    ['API_KEYS', ''],
    ['APIKEYS_FILE', 'API_KEYS_FILE'],
    ['API_KEYFILE', 'API_KEYS_FILE'],
    ['APIKEYFILE', 'API_KEYS_FILE'],
    ['API_KEYS_FILE_FILE', 'API_KEYS_FILE'],
    ['AUTH_PORT', ''],
    ['API_KEYS_FILES', 'API_KEYS_FILE'],
    ['api_keys_file', 'API_KEYS_FILE'],
    ['SIPIS_API_KEYS_FILE', 'API_KEYS_FILE'],
    ['KEYS_FILE', 'API_KEYS_FILE'],
    ['AUTH_JWKS_URI', 'AUTH_JWKS_URL'],
    ['AUTH_JWKS', 'AUTH_JWKS_URL'],
    ['AUTH_JWK_FILE', 'AUTH_JWKS_FILE'],
    ['AUHT_JWKS_URL', 'AUTH_JWKS_URL'],
    ['JWKS_URL', 'AUTH_JWKS_URL'],
    ['AUTH_OIDC_DISCOVERY_ADDRESS', ''],
  ])('%s is rejected without authentication', (name, meant) => {
    const wanted = new RegExp(
      `^Refused \\(misspelled-authentication\\): ${name} is set.*${meant === '' ? '' : `did you mean ${meant}\\?`}.*Correct the name`,
    )
    expect(() => warned({ [name]: 'x' })).toThrow(wanted)
    expect(warned({ [name]: 'x', API_KEYS_FILE: 'keys' })).toHaveLength(1)
  })

  it('is named in the error of commands that lack the setting', () => {
    expect(() => requireDatabase({}, { DATABASE_URI: 'x' })).toThrow(/No database.*did you mean DATABASE_URL\?/s)
    expect(() => requireApiKeysFile(undefined, { API_KEY_FILE: 'x' })).toThrow(/did you mean API_KEYS_FILE\?/)
  })
})

describe('Variables of other programs', () => {
  it.each([
    'HOSTNAME HOSTTYPE HOSTS PORTS POST PWD PATH HOME SHELL LANG TZ TERM USER LOGNAME NODE_ENV NODE_OPTIONS host port',
    'DATABASE_NAME DATABASE_USER DATABASE_HOST DATABASE_PORT DATABASE_PASSWORD DATABASE_SSL DATABASE_SCHEMA DATABASE_PATH',
    'LOG_FILE LOG_FORMAT LOG_DIR LOGLEVELS_FILE DATABASE DB_URL API_URL API_TOKEN API_KEY AUTH_TOKEN AUTH_SECRET TIME_ZONE',
    'PGHOST PGDATABASE PGSSLMODE REDIS_URL SENTRY_DSN AWS_SECRET_ACCESS_KEY KUBERNETES_SERVICE_HOST KUBERNETES_PORT',
    'HTTP_PROXY HTTPS_PROXY NO_PROXY CI GITHUB_TOKEN NPM_CONFIG_CACHE npm_config_cache npm_package_name VITEST',
    'SSH_AUTH_SOCK XAUTHORITY XDG_SESSION_TYPE SSL_CERT_FILE SERVICE_URL BASE_URL POOL_SIZE RATE LIMIT AUTHOR',
    'TEST_DATABASE_URL DIRECT_DATABASE_URL READ_DATABASE_URL',
  ])('cause no warning: %s', (names) => {
    expect(warned(Object.fromEntries(names.split(' ').map((name) => [name, 'x'])))).toEqual([])
  })

  it.each(['SIPIS_GATEWAY', 'SIPIS', 'AUTH', 'AUTH_PROXY', 'API_KEYS', 'AUDIT_LOG', 'DATABASE', 'RATE_LIMIT_REDIS'])(
    'cause no warning if they are those that Kubernetes sets for a service: %s',
    (service) => {
      const link = {
        SERVICE_HOST: '10.0.0.1',
        SERVICE_PORT: '4000',
        SERVICE_PORT_HTTP_API: '4000',
        PORT: 'tcp://10.0.0.1:4000',
        PORT_4000_TCP: 'tcp://10.0.0.1:4000',
        PORT_4000_TCP_PROTO: 'tcp',
        PORT_4000_TCP_PORT: '4000',
        PORT_4000_TCP_ADDR: '10.0.0.1',
      }
      const names = Object.entries(link).map(([name, value]): [string, string] => [`${service}_${name}`, value])
      expect(warned(Object.fromEntries(names))).toEqual([])
    },
  )

  it('cause no warning if they are empty, for any name', () => {
    expect(warned({ API_KEY_FILE: '', LIMIT_DEPHT: '' })).toEqual([])
  })
})
