import { once } from 'node:events'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createKey } from '../../src/auth/api-keys.ts'
import { configuredAuthentication } from '../../src/auth/configured.ts'
import { CredentialError } from '../../src/auth/credential-error.ts'
import { anonymousPrincipal } from '../../src/auth/principal.ts'
import { untilTestEnds } from '../support/database.ts'
import { openIssuer, options } from '../support/issuer.ts'

const warn = () => undefined

async function configured() {
  const issuer = untilTestEnds(await openIssuer())
  const apiKeysFile = join(dirname(issuer.jwksFile), 'keys.jsonl')
  const { key } = createKey(apiKeysFile, { name: 'dashboard', scopes: ['sipis:read'], expires: undefined })
  const jwt = { ...options, keys: { file: issuer.jwksFile } }
  const credentials = { token: `Bearer ${await issuer.tokenOf('tool', 'sipis:read')}`, key: `Bearer ${key}` }
  return { issuer, apiKeysFile, jwt, ...credentials }
}

describe('The configuration', () => {
  it('with an issuer and an API keys file accepts both kinds of credentials, and no others', async () => {
    const { apiKeysFile, jwt, token, key } = await configured()
    const { authenticate } = configuredAuthentication({ jwt, apiKeysFile }, warn)
    expect((await authenticate(token)).id).toBe('jwt:tool')
    expect((await authenticate(key)).name).toBe('dashboard')
    await expect(authenticate(undefined)).rejects.toThrow(CredentialError)
  })

  it('with only one of them accepts only that kind', async () => {
    const { apiKeysFile, jwt, token, key } = await configured()
    const { authenticate: tokensOnly } = configuredAuthentication({ jwt, apiKeysFile: undefined }, warn)
    expect((await tokensOnly(token)).id).toBe('jwt:tool')
    await expect(tokensOnly(key)).rejects.toThrow('API_KEYS_FILE is not set')
    const { authenticate: keysOnly } = configuredAuthentication({ jwt: undefined, apiKeysFile }, warn)
    expect((await keysOnly(key)).name).toBe('dashboard')
    await expect(keysOnly(token)).rejects.toThrow('neither AUTH_JWKS_URL nor AUTH_JWKS_FILE is set')
  })

  it('with the URL of an issuer fetches its keys', async () => {
    const { issuer, token } = await configured()
    const server = createServer((_, response) => response.end(JSON.stringify(issuer.jwks))).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const url = new URL(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
    const { authenticate } = configuredAuthentication(
      { jwt: { ...options, keys: { url } }, apiKeysFile: undefined },
      warn,
    )
    expect((await authenticate(token)).id).toBe('jwt:tool')
  })

  it('without either accepts every request', async () => {
    const { authenticate } = configuredAuthentication({ jwt: undefined, apiKeysFile: undefined }, warn)
    expect(await authenticate(undefined)).toBe(anonymousPrincipal)
  })

  it('reports a problem while the keys of the issuer cannot be fetched', async () => {
    const url = new URL('http://127.0.0.1:1/jwks')
    const { problem } = configuredAuthentication({ jwt: { ...options, keys: { url } }, apiKeysFile: undefined }, warn)
    expect(await problem()).toBe("the issuer's keys cannot be fetched")
    const { apiKeysFile, jwt } = await configured()
    expect(await configuredAuthentication({ jwt, apiKeysFile }, warn).problem()).toBe(undefined)
  })
})
