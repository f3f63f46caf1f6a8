import { readFileSync } from 'node:fs'
import type { JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors } from 'jose'
import { z } from 'zod'
import { Problem } from '../errors/problem.ts'
import { KeysUnavailable } from './credential-error.ts'

const coolDownMs = 30_000
const refreshAfterMs = 600_000
const fetchTimeoutMs = 5_000
const maxKeySetBytes = 1_000_000

/** Called with a sentence whenever the keys could not be fetched. */
export type KeysWarning = (sentence: string) => void

const publicKey = z.looseObject({ kty: z.string() }).refine((key) => !('d' in key))
const keySet = z.object({ keys: z.array(publicKey).min(1) })

/** The issuer's public keys from a file (RFC 7517), read once. Fails with a Problem. */
export function jwksFromFile(path: string): JWTVerifyGetKey {
  const parsed = keySet.safeParse(parseJson(path))
  if (!parsed.success) {
    throw new Problem(
      `AUTH_JWKS_FILE ${path} is no set of public keys (RFC 7517). Give it the issuer's JWKS, without private keys.`,
    )
  }
  if (parsed.data.keys.some(({ kty }) => kty === 'oct')) {
    throw new Problem(
      `AUTH_JWKS_FILE ${path} holds a shared secret (kty oct). Only asymmetric keys are used: take it out.`,
    )
  }
  return createLocalJWKSet(parsed.data)
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const reason =
      error instanceof SyntaxError
        ? 'it is no JSON'
        : String(error instanceof Error && 'code' in error ? error.code : error)
    throw new Problem(`AUTH_JWKS_FILE ${path} cannot be read: ${reason}. Name the file that holds the issuer's JWKS.`)
  }
}

/**
 * The issuer's public keys from its address. They are fetched when first needed and again after ten minutes, or when a
 * credential names a key that is not among them; a flood of such credentials fetches no more than once in the cool-down. While
 * the issuer cannot be reached the keys that are known go on being used.
 */
export function jwksFromUrl(url: URL, warn: KeysWarning): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY
  let fetchedAt = Number.NEGATIVE_INFINITY
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: coolDownMs,
    // A set that expires would be of no use while the issuer is down; it is refreshed below instead.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: async (address, options) => {
      if (performance.now() - failedAt < coolDownMs) throw new Error('cooling down after a failure')
      try {
        const response = await bounded(await fetch(address, options))
        fetchedAt = performance.now()
        return response
      } catch (error) {
        failedAt = performance.now()
        warn(`The keys at ${url.origin}${url.pathname} cannot be fetched: ${reasonOf(error)}.`)
        throw error
      }
    },
  })
  const refresh = () => {
    if (remote.jwks() === undefined || remote.reloading || performance.now() - fetchedAt < refreshAfterMs) return
    // Its failure is told by the fetch; the old keys stay.
    remote.reload().catch(() => undefined)
  }
  return async (header, token) => {
    refresh()
    try {
      return await remote(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      if (remote.jwks() === undefined) throw new KeysUnavailable("The issuer's keys cannot be fetched.", error)
      // The key is not among those that are known, and no others could be fetched.
      throw new errors.JWKSNoMatchingKey()
    }
  }
}

async function bounded(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`it answers ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxKeySetBytes) throw new Error(`it answers more than ${maxKeySetBytes} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  // Checked here, so that nonsense counts as a failure and is not fetched again at once.
  if (!keySet.safeParse(JSON.parse(text)).success) throw new Error('it answers no set of public keys')
  return new Response(text, { status: 200, headers: { 'content-type': 'application/json' } })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
