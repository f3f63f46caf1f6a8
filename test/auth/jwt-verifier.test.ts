import type { JWTVerifyGetKey } from 'jose'
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { KeysUnavailable } from '../../src/auth/credential-error.ts'
import type { JwtVerifier } from '../../src/auth/jwt.ts'
import { createJwtVerifier } from '../../src/auth/jwt.ts'
import type { Issuer } from '../support/issuer.ts'
import { goodClaims, openIssuer, options } from '../support/issuer.ts'

describe('The JWT verifier', () => {
  let issuer: Issuer
  let key: CryptoKey | Uint8Array
  let lookUps = 0
  const counted: JWTVerifyGetKey = () => {
    lookUps++
    return key
  }
  let elapsed = 1
  const verifier = (maxTokens = 10) => createJwtVerifier(counted, options, { maxTokens, clock: { now: () => elapsed } })
  let verify: JwtVerifier

  beforeAll(async () => {
    issuer = await openIssuer()
    const [jwk = {}] = issuer.jwks.keys
    key = await importJWK(jwk, 'ES256')
    verify = verifier()
    return () => issuer[Symbol.asyncDispose]()
  })
  afterEach(() => void vi.useRealTimers())

  const freeze = () => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['Date'] })
    return 1_800_000_000
  }
  /** The LRU cache reads the clock again only after a real timer has fired. */
  const pass = async (ms: number) => {
    elapsed += ms
    vi.setSystemTime(Date.now() + ms)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const claimed = async (claims: object) => verify(await issuer.sign({ ...goodClaims(), ...claims }))

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'accepts signatures of the algorithm %s',
    async (algorithm) => {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
      const imported = await importJWK(await exportJWK(publicKey), algorithm)
      const token = await new SignJWT(goodClaims()).setProtectedHeader({ alg: algorithm }).sign(privateKey)
      expect(await createJwtVerifier(async () => imported, options)(token)).toMatchObject({ name: 'somebody' })
    },
  )

  it('returns a device for a token with sipis:own, and a tool for any other token', async () => {
    expect(await claimed({ sub: 'A:B', scope: 'sipis:own' })).toEqual({
      id: 'jwt:A:B',
      name: 'A:B',
      scopes: ['sipis:own'],
      selector: 'A:B',
    })
    expect(await claimed({ sub: 'tool', scope: 'sipis:read other sipis:read' })).toEqual({
      id: 'jwt:tool',
      name: 'tool',
      scopes: ['sipis:read'],
      selector: null,
    })
  })

  it.each([
    ['a list with a number', ['sipis:read', 5], ['sipis:read']],
    ['an object', { 'sipis:read': true }, []],
    ['a number', 5, []],
    ['missing', undefined, []],
  ])('reads scopes from a string or a list: %s', async (_, scope, expected) => {
    expect((await claimed({ scope })).scopes).toEqual(expected)
  })

  it('accepts names up to the maximum length of their kind', async () => {
    await expect(claimed({ sub: 'x'.repeat(256) })).resolves.toBeDefined()
    await expect(claimed({ sub: 'x'.repeat(257) })).rejects.toThrow('sub')
    await expect(claimed({ sub: 'x'.repeat(64), scope: 'sipis:own' })).resolves.toBeDefined()
    await expect(claimed({ sub: 'x'.repeat(65), scope: 'sipis:own' })).rejects.toThrow('sub')
    await expect(claimed({ sub: 'x\0', scope: 'sipis:own' })).rejects.toThrow('sub')
    await expect(claimed({ sub: 'x\0' })).resolves.toBeDefined()
  })

  it('accepts times up to the clock skew', async () => {
    const now = freeze()
    const latest = now + options.maxLifetimeSeconds + options.clockSkewSeconds
    await expect(claimed({ exp: latest })).resolves.toBeDefined()
    await expect(claimed({ exp: latest + 1 })).rejects.toThrow('exp')
    await expect(claimed({ iat: now + options.clockSkewSeconds })).resolves.toBeDefined()
    await expect(claimed({ iat: now + options.clockSkewSeconds + 1 })).rejects.toThrow('iat')
  })

  it('rejects a token longer than 8,192 characters before any other check', async () => {
    lookUps = 0
    await expect(verify('x'.repeat(8_193))).rejects.toThrow('longer than 8192 characters')
    await expect(verify('x'.repeat(8_192))).rejects.toThrow('JWT not accepted: ERR_JWS_INVALID')
    expect(lookUps).toBe(0)
  })

  it('verifies the signature of a valid token once a minute', async () => {
    freeze()
    const own = verifier()
    const token = await issuer.sign(goodClaims())
    lookUps = 0
    const counts = []
    const principals = []
    for (const ms of [0, 59_999, 2, 59_999]) {
      await pass(ms)
      principals.push(await own(token))
      counts.push(lookUps)
    }
    expect(counts).toEqual([1, 1, 2, 2])
    const principal = { id: 'jwt:somebody', name: 'somebody', scopes: ['sipis:read'], selector: null }
    expect(principals).toEqual([principal, principal, principal, principal])
  })

  it('caches the most recently used tokens, up to a maximum number', async () => {
    const own = verifier(2)
    const tokens = await Promise.all(['a', 'b', 'c'].map((sub) => issuer.sign({ ...goodClaims(), sub })))
    lookUps = 0
    const names = []
    for (const index of [0, 1, 0, 2, 0, 1]) names.push((await own(tokens[index] ?? '')).name)
    expect(names).toEqual(['a', 'b', 'a', 'c', 'a', 'b'])
    expect(lookUps).toBe(4)
  })

  it('does not cache a token longer than it is valid', async () => {
    const now = freeze()
    const own = verifier()
    const token = await issuer.sign({ ...goodClaims(), exp: now + 10 })
    lookUps = 0
    await own(token)
    await pass(39_999)
    await own(token)
    expect(lookUps).toBe(1)
    await pass(2)
    await expect(own(token)).rejects.toThrow('JWT has expired')
  })

  it('gives the reason for rejecting a token, without quoting it', async () => {
    await expect(claimed({ exp: 1 })).rejects.toThrow(/^JWT has expired$/)
    await expect(claimed({ aud: 'other' })).rejects.toThrow(/^JWT claim aud check_failed$/)
    await expect(verify('x')).rejects.toThrow(/^JWT not accepted: ERR_JWS_INVALID$/)
    const failing = createJwtVerifier(() => Promise.reject(new Error('secret')), options)
    await expect(failing(await issuer.sign(goodClaims()))).rejects.toThrow(/^not a JWT$/)
  })

  it('passes on that keys are unavailable, because the token may be valid', async () => {
    const away = createJwtVerifier(() => Promise.reject(new KeysUnavailable('gone')), options)
    await expect(away(await issuer.sign(goodClaims()))).rejects.toBeInstanceOf(KeysUnavailable)
  })
})
