import { createHmac } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CredentialError } from '../../src/auth/credential-error.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import type { Issuer } from '../support/issuer.ts'
import { goodClaims, openIssuer, options } from '../support/issuer.ts'

let issuer: Issuer
let own: TestDatabase
let client: Client

beforeAll(async () => {
  issuer = await openIssuer('RS256')
  own = await cloneDatabase('V2')
  client = await openClient(openReader(own.url), { authenticate: issuer.authenticate })
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const now = () => Math.floor(Date.now() / 1000)
const base64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const ask = (authorization: string) =>
  fetch(`${client.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: '{"query":"{ viewer { name scopes } }"}',
  })

describe('A JSON Web Token', () => {
  it('from the issuer for this service determines the caller and its scopes', async () => {
    const token = await issuer.sign({
      ...goodClaims(),
      sub: 'tool',
      scope: 'openid sipis:read other sipis:ops sipis:read',
    })
    expect(await client.ask('{ viewer { name scopes } }', {}, token)).toEqual({
      viewer: { name: 'tool', scopes: ['sipis:read', 'sipis:ops'] },
    })
  })

  it('may have a list of scopes, several audiences, and times within the clock skew', async () => {
    const good: JWTPayload[] = [
      { scope: ['sipis:read'] },
      { aud: ['other', options.audience] },
      { exp: now() - 20 },
      { nbf: now() + 20, iat: now() + 20 },
      { exp: now() + options.maxLifetimeSeconds },
    ]
    for (const claims of good) {
      const token = await issuer.sign({ ...goodClaims(), ...claims })
      expect([claims, (await issuer.authenticate(`Bearer ${token}`)).scopes]).toEqual([claims, ['sipis:read']])
    }
  })

  it('without a scope of this service can read only `viewer`', async () => {
    const token = await issuer.sign({ ...goodClaims(), scope: 'openid' })
    expect(await client.ask('{ viewer { scopes } selector(name: "x") { id } }', {}, token)).toEqual({
      viewer: { scopes: [] },
      selector: null,
    })
    expect((await client.answer('{ calls { totalCount } }', {}, token)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })

  it('is rejected after it has expired, even if it was accepted before', async () => {
    const token = await issuer.sign({ ...goodClaims(), exp: now() - options.clockSkewSeconds + 2 })
    await issuer.authenticate(`Bearer ${token}`)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await expect(issuer.authenticate(`Bearer ${token}`)).rejects.toBeInstanceOf(CredentialError)
  })
})

describe('A forged credential', () => {
  it('of any of these kinds is rejected with 401, without a reason in the response and without the credential in the log', async () => {
    const forged = await forgeries()
    expect(Object.keys(forged).length).toBeGreaterThanOrEqual(50)
    for (const [kind, authorization] of Object.entries(forged)) {
      const answer = await ask(authorization)
      // Node rejects headers of more than 16 KB itself.
      expect([kind, [401, 431].includes(answer.status)]).toEqual([kind, true])
      if (answer.status === 431) continue
      expect([kind, answer.headers.get('www-authenticate')]).toEqual([
        kind,
        expect.stringMatching(/^Bearer realm="sipis-gateway"/),
      ])
      const reason = kind === 'expired' || kind === 'just expired' ? 'EXPIRED' : 'INVALID'
      expect([kind, await answer.json()]).toEqual([
        kind,
        { errors: [{ message: expect.stringMatching(/credential/), extensions: { code: 'UNAUTHENTICATED', reason } }] },
      ])
    }
    for (const line of client.log) for (const one of Object.values(forged)) expect(line).not.toContain(one.slice(-30))
  })

  it('that has expired is told from a bad one, but only if its signature, issuer and audience are right', async () => {
    const old = { ...goodClaims(), exp: now() - 3_600 }
    const stranger = await generateKeyPair('RS256')
    const expired = await ask(`Bearer ${await issuer.sign(old)}`)
    expect(expired.headers.get('www-authenticate')).toBe(
      'Bearer realm="sipis-gateway", error="invalid_token", error_description="The credential has expired"',
    )
    expect(await expired.json()).toMatchObject({ errors: [{ extensions: { reason: 'EXPIRED' } }] })
    const bad = [
      await new SignJWT(old).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(stranger.privateKey),
      await issuer.sign({ ...old, aud: 'another' }),
      await issuer.sign({ ...old, iss: 'https://another.example' }),
    ]
    for (const token of bad) {
      const answer = await ask(`Bearer ${token}`)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="sipis-gateway", error="invalid_token"')
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { reason: 'INVALID' } }] })
    }
  })

  it('that is missing is rejected with 401 and WWW-Authenticate', async () => {
    const answer = await fetch(`${client.url}/graphql`, { method: 'POST' })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="sipis-gateway"'])
    expect(((await answer.json()) as { errors: { message: string }[] }).errors[0]?.message).toContain(
      'Authorization: Bearer',
    )
  })
})

/** Credentials with one defect each. */
async function forgeries(): Promise<Record<string, string>> {
  const stranger = await generateKeyPair('RS256', { extractable: true })
  const curve = await generateKeyPair('ES256')
  const claims = goodClaims()
  const good = await issuer.sign(claims)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const signed = (changed: JWTPayload, head: object = {}) => issuer.sign({ ...claims, ...changed }, head)
  const without = (name: string) => {
    const { [name]: _, ...rest } = claims
    return issuer.sign(rest)
  }
  const [jwk = {}] = issuer.jwks.keys
  const publicPem = await exportSPKI((await importJWK(jwk, 'RS256')) as CryptoKey)
  const hmac = (head: object, secret: string) => {
    const input = `${base64(head)}.${payload}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const byStranger = (head: object = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'key-1', ...head }).sign(stranger.privateKey)
  const unsigned = (alg: string) => `${base64({ alg, kid: 'key-1' })}.${payload}.`
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`

  const tokens: Record<string, string> = {
    'alg none': unsigned('none'),
    'alg None': unsigned('None'),
    'alg nOnE with a signature': `${base64({ alg: 'nOnE', kid: 'key-1' })}.${payload}.${signature}`,
    'no alg': `${base64({ kid: 'key-1' })}.${payload}.${signature}`,
    'alg empty': unsigned(''),
    'alg a number': `${base64({ alg: 5 })}.${payload}.${signature}`,
    'HS256 with the public key as PEM': hmac({ alg: 'HS256', kid: 'key-1' }, publicPem),
    'HS256 with the public key as JWK': hmac({ alg: 'HS256', kid: 'key-1' }, JSON.stringify(jwk)),
    'HS256 with the modulus': hmac({ alg: 'HS256', kid: 'key-1' }, String(Reflect.get(jwk, 'n'))),
    'HS256 with an empty secret': hmac({ alg: 'HS256', kid: 'key-1' }, ''),
    'RS256 in the header, HMAC in the signature': hmac({ alg: 'RS256', kid: 'key-1' }, publicPem),
    'ES256 with the key of an RSA': `${base64({ alg: 'ES256', kid: 'key-1' })}.${payload}.${signature}`,
    'signed with a curve': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
      .sign(curve.privateKey),
    PS256: `${base64({ alg: 'PS256', kid: 'key-1' })}.${payload}.${signature}`,
    'signed by a stranger': await byStranger(),
    'signed by a stranger, unknown kid': await byStranger({ kid: 'other' }),
    'signed by a stranger, kid a path': await byStranger({ kid: '../../../../dev/null' }),
    'signed by a stranger, kid SQL': await byStranger({ kid: "' OR 1=1 --" }),
    'signed by a stranger, kid a URL': await byStranger({ kid: 'http://127.0.0.1/jwks' }),
    'signed by a stranger, kid __proto__': await byStranger({ kid: '__proto__' }),
    'its own key in jwk': await byStranger({ jwk: await publicJwk(stranger.publicKey) }),
    'its own key in jwk, no kid': await byStranger({ jwk: await publicJwk(stranger.publicKey), kid: undefined }),
    'its own keys at jku': await byStranger({ jku: 'http://127.0.0.1:1/jwks' }),
    'its own certificate at x5u': await byStranger({ x5u: 'http://127.0.0.1:1/cert' }),
    'its own certificate in x5c': await byStranger({ x5c: ['MIIB'] }),
    'an unknown kid': await signed({}, { kid: 'other' }),
    'a critical extension': `${base64({ alg: 'RS256', kid: 'key-1', crit: ['exp'], exp: 1 })}.${payload}.${signature}`,
    'b64 false': `${base64({ alg: 'RS256', kid: 'key-1', crit: ['b64'], b64: false })}.${payload}.${signature}`,
    'wrong issuer': await signed({ iss: 'https://evil.example' }),
    'issuer with a slash': await signed({ iss: `${options.issuer}/` }),
    'issuer in a list': await signed({ iss: [options.issuer] as unknown as string }),
    'no issuer': await without('iss'),
    'wrong audience': await signed({ aud: 'another-service' }),
    'audience in other letters': await signed({ aud: 'SIPIS-GATEWAY' }),
    'empty audience': await signed({ aud: [] }),
    'no audience': await without('aud'),
    expired: await signed({ exp: now() - 3_600 }),
    'just expired': await signed({ exp: now() - options.clockSkewSeconds - 1 }),
    'no exp': await without('exp'),
    'exp a text': await signed({ exp: String(now() + 600) as unknown as number }),
    'exp null': await signed({ exp: null as unknown as number }),
    'exp far ahead': await signed({ exp: now() + options.maxLifetimeSeconds + 3_600 }),
    'exp in the year 9999': await signed({ exp: 253_402_300_799 }),
    'not valid yet': await signed({ nbf: now() + 3_600 }),
    'issued in the future': await signed({ iat: now() + 3_600 }),
    'no sub': await without('sub'),
    'empty sub': await signed({ sub: '' }),
    'sub a number': await signed({ sub: 5 as unknown as string }),
    'sub an object': await signed({ sub: { a: 1 } as unknown as string }),
    'sub endless': await signed({ sub: 'x'.repeat(1_000) }),
    'a device whose sub is not a selector': await signed({ sub: 'y'.repeat(65), scope: 'sipis:own' }),
    'a device whose sub has a NUL': await signed({ sub: 'y\0', scope: 'sipis:own' }),
    'another payload': `${header}.${base64({ ...claims, sub: 'admin' })}.${signature}`,
    'another signature': `${header}.${payload}.${flipped}`,
    'half a signature': `${header}.${payload}.${signature.slice(0, 100)}`,
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'four parts': `${good}.x`,
    'five parts, as if encrypted': `${header}.x.x.x.x`,
    'a payload that is not JSON': `${header}.${base64('not JSON')}.${signature}`,
    'a payload that is a list': `${header}.${base64('[]')}.${signature}`,
    'a header that is not JSON': `${base64('x')}.${payload}.${signature}`,
    'not base64': `${header}.%%%.${signature}`,
    'huge, of 10 KB': await signed({ more: 'x'.repeat(10_000) }),
    'huge, of 40 KB': `${header}.${'x'.repeat(40_000)}.${signature}`,
    'an API key without an API keys file': 'sipis_0123456789ab_0123456789012345678901234567890123456789012',
  }
  return {
    ...Object.fromEntries(Object.entries(tokens).map(([kind, token]) => [kind, `Bearer ${token}`])),
    'good, but Basic': `Basic ${good}`,
    'good, without Bearer': good,
    'good, twice': `Bearer ${good}, Bearer ${good}`,
    'Bearer alone': 'Bearer',
    'Bearer and blanks': 'Bearer    x y',
  }
}

async function publicJwk(key: CryptoKey): Promise<object> {
  const { exportJWK } = await import('jose')
  return exportJWK(key)
}
