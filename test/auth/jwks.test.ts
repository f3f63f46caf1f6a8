import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAuthenticate } from '../../src/auth/authenticate.ts'
import { CredentialError, KeysUnavailable } from '../../src/auth/credential-error.ts'
import { jwksFromFile, jwksFromUrl } from '../../src/auth/jwks.ts'
import { createJwtVerifier } from '../../src/auth/jwt.ts'
import { openClient } from '../support/client.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { goodClaims, openIssuer, options } from '../support/issuer.ts'

afterEach(() => void vi.useRealTimers())

/** A JWKS endpoint with configurable responses. */
async function serveKeys(answer: () => { status: number; body: string }) {
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    const { status, body } = answer()
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const warnings: string[] = []
  const keys = jwksFromUrl(new URL(`http://127.0.0.1:${port}/jwks?secret=canary`), (sentence) =>
    warnings.push(sentence),
  )
  const authenticate = createAuthenticate({ jwt: createJwtVerifier(keys, options), apiKey: undefined })
  const ask = async (token: string) => (await authenticate(`Bearer ${token}`)).name
  return { ask, authenticate, warnings, asked: () => asked }
}

/** Creates a different token each time, so that none is cached. */
let number = 0
const claims = () => ({ ...goodClaims(), sub: `tool ${number++}` })

describe('The keys of an issuer', () => {
  it('are fetched once for many credentials', async () => {
    const issuer = untilTestEnds(await openIssuer())
    const served = await serveKeys(() => ({ status: 200, body: JSON.stringify(issuer.jwks) }))
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.sign(claims())))
    await Promise.all(tokens.map((token) => served.ask(token)))
    expect(served.asked()).toBe(1)
  })

  it('are not fetched again during the cool-down, however many unknown keys are used', async () => {
    const issuer = untilTestEnds(await openIssuer())
    const served = await serveKeys(() => ({ status: 200, body: JSON.stringify(issuer.jwks) }))
    await served.ask(await issuer.sign(claims()))
    for (let n = 0; n < 20; n++) {
      const token = await issuer.sign(claims(), { kid: `made up ${n}` })
      await expect(served.ask(token)).rejects.toBeInstanceOf(CredentialError)
    }
    expect(served.asked()).toBe(1)
  })

  it.each([
    ['', 0],
    [', also after the clock was set back', 3_600_000],
  ])('are fetched again for a new key after the cool-down%s', async (_, setBackMs) => {
    const [before, after] = [
      untilTestEnds(await openIssuer('ES256', 'old')),
      untilTestEnds(await openIssuer('ES256', 'new')),
    ]
    let keys = before.jwks
    const served = await serveKeys(() => ({ status: 200, body: JSON.stringify(keys) }))
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    await served.ask(await before.sign(claims()))
    keys = after.jwks
    vi.advanceTimersByTime(31_000)
    vi.setSystemTime(Date.now() - setBackMs)
    expect(await served.ask(await after.sign(claims()))).toMatch(/^tool/)
    expect(served.asked()).toBe(2)
    await expect(served.ask(await before.sign(claims()))).rejects.toBeInstanceOf(CredentialError)
  })

  it('stay in use while the issuer is down, with a warning that omits secrets in the URL', async () => {
    const issuer = untilTestEnds(await openIssuer())
    let status = 200
    const served = await serveKeys(() => ({ status, body: JSON.stringify(issuer.jwks) }))
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    await served.ask(await issuer.sign(claims()))
    status = 500
    for (let hours = 1; hours <= 5; hours++) {
      vi.advanceTimersByTime(3_600_000)
      expect(await served.ask(await issuer.sign(claims()))).toMatch(/^tool/)
      await vi.waitFor(() => expect(served.warnings).toHaveLength(hours))
    }
    expect(served.asked()).toBe(6)
    expect(served.warnings.join()).toMatch(/cannot be fetched: it responds with status 500/)
    expect(served.warnings.join()).not.toContain('canary')
    // An unknown key may be a new one.
    await expect(served.ask(await issuer.sign(claims(), { kid: 'other' }))).rejects.toBeInstanceOf(KeysUnavailable)
  })

  it('that cannot be fetched for a new key make that credential unverifiable, and known keys stay in use', async () => {
    const issuer = untilTestEnds(await openIssuer())
    let isHanging = false
    const server = createServer((_, response) => {
      if (!isHanging) response.setHeader('content-type', 'application/json').end(JSON.stringify(issuer.jwks))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const keys = jwksFromUrl(new URL(`http://127.0.0.1:${port}/`), () => undefined)
    const verify = createJwtVerifier(keys, options)
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    await verify(await issuer.sign(claims()))
    isHanging = true
    vi.advanceTimersByTime(31_000)
    await expect(verify(await issuer.sign(claims(), { kid: 'new' }))).rejects.toBeInstanceOf(KeysUnavailable)
    expect((await verify(await issuer.sign(claims()))).name).toMatch(/^tool/)
  })

  it.each([
    ['an error', { status: 500, body: '{}' }],
    ['a redirect', { status: 302, body: '' }],
    ['invalid JSON', { status: 200, body: '<html>' }],
    ['no keys', { status: 200, body: '{"a": 1}' }],
    ['no content', { status: 204, body: '' }],
    ['more than a megabyte', { status: 200, body: `{"keys":["${'x'.repeat(1_100_000)}"]}` }],
  ])(
    'that have never been fetched because of %s make credentials unverifiable, and are not fetched again at once',
    async (_, answer) => {
      const issuer = untilTestEnds(await openIssuer())
      const served = await serveKeys(() => answer)
      for (let n = 0; n < 5; n++) {
        await expect(served.ask(await issuer.sign(claims()))).rejects.toBeInstanceOf(KeysUnavailable)
      }
      expect(served.asked()).toBe(1)
    },
  )

  it('are fetched again 30 seconds after a failure, not earlier', async () => {
    const issuer = untilTestEnds(await openIssuer())
    let status = 500
    const served = await serveKeys(() => ({ status, body: JSON.stringify(issuer.jwks) }))
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    vi.advanceTimersByTime(100_000)
    const ask = async () => served.ask(await issuer.sign(claims()))
    await expect(ask()).rejects.toThrow("The issuer's keys cannot be fetched.")
    status = 200
    vi.advanceTimersByTime(29_999)
    await expect(ask()).rejects.toThrow(KeysUnavailable)
    expect(served.asked()).toBe(1)
    vi.advanceTimersByTime(1)
    expect(await ask()).toMatch(/^tool/)
    expect([served.asked(), served.warnings.length]).toEqual([2, 1])
  })

  it('are fetched again every ten minutes, while known keys stay in use', async () => {
    const issuer = untilTestEnds(await openIssuer())
    const served = await serveKeys(() => ({ status: 200, body: JSON.stringify(issuer.jwks) }))
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    vi.advanceTimersByTime(1_000_000)
    const ask = async () => served.ask(await issuer.sign(claims()))
    const counts = []
    for (const ms of [0, 599_999, 1, 599_999, 1]) {
      vi.advanceTimersByTime(ms)
      expect(await ask()).toMatch(/^tool/)
      // The reload completes with a later response of the server.
      await new Promise((resolve) => setTimeout(resolve, 50))
      counts.push(served.asked())
    }
    expect(counts).toEqual([1, 1, 2, 2, 3])
  })

  it('are accepted in a response of up to 1,000,000 bytes', async () => {
    const issuer = untilTestEnds(await openIssuer())
    for (const [bytes, warnings] of [
      [1_000_000, []],
      [1_000_001, [expect.stringContaining('its response exceeds 1000000 bytes')]],
    ] as const) {
      const served = await serveKeys(() => ({ status: 200, body: JSON.stringify(issuer.jwks).padEnd(bytes) }))
      const asked = served.ask(await issuer.sign(claims()))
      await (warnings.length === 0 ? asked : expect(asked).rejects.toThrow(KeysUnavailable))
      expect(served.warnings).toEqual(warnings)
    }
  })

  it('are rejected with their own reason if several match a credential', async () => {
    const [one, other] = [untilTestEnds(await openIssuer()), untilTestEnds(await openIssuer())]
    const keys = [...one.jwks.keys, ...other.jwks.keys].map((key) => ({ ...key, kid: undefined }))
    const served = await serveKeys(() => ({ status: 200, body: JSON.stringify({ keys }) }))
    const token = await one.sign(claims(), { kid: undefined })
    await expect(served.ask(token)).rejects.toThrow('ERR_JWKS_MULTIPLE_MATCHING_KEYS')
    const unknown = await one.sign(claims(), { alg: 'ES256', kid: 'unknown' })
    await expect(served.ask(unknown)).rejects.toThrow('ERR_JWKS_NO_MATCHING_KEY')
  })

  it('are rejected if one of them is private or malformed', async () => {
    const issuer = untilTestEnds(await openIssuer())
    for (const keys of [[...issuer.jwks.keys, { kty: 'EC', d: 'x' }], [...issuer.jwks.keys, 5], []]) {
      const served = await serveKeys(() => ({ status: 200, body: JSON.stringify({ keys }) }))
      await expect(served.ask(await issuer.sign(claims()))).rejects.toThrow(KeysUnavailable)
      expect(served.warnings).toEqual([expect.stringMatching(/its response is not a set of public keys\.$/)])
    }
  })

  it('are reported with the reason of the operating system if the issuer is unreachable', async () => {
    const warnings: string[] = []
    const keys = jwksFromUrl(new URL('http://127.0.0.1:1/jwks'), (sentence) => warnings.push(sentence))
    await expect(keys({ alg: 'ES256' }, { payload: '', signature: '' })).rejects.toThrow(KeysUnavailable)
    expect(warnings).toEqual([
      expect.stringMatching(
        /^The keys at http:\/\/127\.0\.0\.1:1\/jwks cannot be fetched: (bad port|connect ECONNREFUSED.*)\.$/,
      ),
    ])
  })

  it('cause a 503 with Retry-After if they have never been fetched', async () => {
    const issuer = untilTestEnds(await openIssuer())
    const { authenticate } = await serveKeys(() => ({ status: 500, body: '' }))
    const own = untilTestEnds(await cloneDatabase('V2'))
    const client = untilTestEnds(await openClient(openReader(own.url), { authenticate }))
    const answer = await fetch(`${client.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await issuer.sign(claims())}` },
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10'])
  })
})

describe('A JWKS file', () => {
  it.each([
    ['is not valid JSON', 'x', /cannot be read: it is not valid JSON/],
    ['contains no keys', '{"keys":[]}', /is not a set of public keys/],
    ['contains a private key', '{"keys":[{"kty":"EC","d":"x"}]}', /without private keys/],
    ['contains a shared secret', '{"keys":[{"kty":"oct","k":"x"}]}', /only asymmetric keys/],
  ])('is rejected if it %s', async (_, text, message) => {
    const issuer = untilTestEnds(await openIssuer())
    await writeFile(issuer.jwksFile, text)
    expect(() => jwksFromFile(issuer.jwksFile, () => undefined)).toThrow(message)
  })

  it.each([
    ['a private key among others', { kty: 'EC', d: 'x' }, /without private keys/],
    ['a shared secret among others', { kty: 'oct', k: 'x' }, /only asymmetric keys/],
    ['an invalid key among others', 5, /is not a set of public keys/],
  ])('is rejected if it contains %s', async (_, key, message) => {
    const issuer = untilTestEnds(await openIssuer())
    await writeFile(issuer.jwksFile, JSON.stringify({ keys: [...issuer.jwks.keys, key] }))
    expect(() => jwksFromFile(issuer.jwksFile, () => undefined)).toThrow(message)
  })

  it('may contain several keys', async () => {
    const [one, other] = [
      untilTestEnds(await openIssuer('ES256', 'one')),
      untilTestEnds(await openIssuer('ES256', 'other')),
    ]
    await writeFile(one.jwksFile, JSON.stringify({ keys: [...one.jwks.keys, ...other.jwks.keys] }))
    const verify = createJwtVerifier(
      jwksFromFile(one.jwksFile, () => undefined),
      options,
    )
    for (const issuer of [one, other]) expect((await verify(await issuer.sign(claims()))).name).toMatch(/^tool/)
  })

  it('is read again when it changes; while it is invalid or missing, the previous keys stay in use, with one warning', async () => {
    const [before, after] = [
      untilTestEnds(await openIssuer('ES256', 'old')),
      untilTestEnds(await openIssuer('ES256', 'new')),
    ]
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    const warnings: string[] = []
    const verify = createJwtVerifier(
      jwksFromFile(before.jwksFile, (sentence) => warnings.push(sentence)),
      options,
    )
    for (const text of ['{', '{"keys":[]}', JSON.stringify({ keys: [{ kty: 'oct', k: 'x' }] }), undefined]) {
      await (text === undefined ? rm(before.jwksFile) : writeFile(before.jwksFile, text))
      for (let n = 0; n < 3; n++) {
        vi.advanceTimersByTime(1_000)
        expect((await verify(await before.sign(claims()))).name).toMatch(/^tool/)
      }
    }
    expect(warnings).toMatchObject(
      [/not valid JSON/, /is not a set of public keys/, /shared secret/, /ENOENT/].map((reason) =>
        expect.stringMatching(new RegExp(`${reason.source}.* stay in use\\.$`)),
      ),
    )
    await writeFile(before.jwksFile, JSON.stringify(after.jwks))
    vi.advanceTimersByTime(1_000)
    expect((await verify(await after.sign(claims()))).name).toMatch(/^tool/)
    await expect(verify(await before.sign(claims()))).rejects.toBeInstanceOf(CredentialError)
  })

  it('is rejected if it is missing', () => {
    expect(() => jwksFromFile('/nowhere/jwks.json', () => undefined)).toThrow(/cannot be read: ENOENT/)
  })
})
