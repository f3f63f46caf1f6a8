import { readFileSync } from 'node:fs'
import type { JWTVerifyGetKey } from 'jose'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors } from 'jose'
import { z } from 'zod'
import { Problem } from '../errors/problem.ts'
import { KeysUnavailable } from './credential-error.ts'

const recheckAfterMs = 1_000
const coolDownMs = 30_000
const refreshAfterMs = 600_000
const fetchTimeoutMs = 5_000
const maxKeySetBytes = 1_000_000

/** Keys that are fetched from the issuer. */
export interface IssuerKeys extends JWTVerifyGetKey {
  /** Why no token can be verified now; undefined if they can. Fetches the keys if there are none yet. */
  problem(): Promise<string | undefined>
}

/** Called with a sentence when fetching the keys fails. */
export type KeysWarning = (sentence: string) => void

const publicKey = z.looseObject({ kty: z.string() }).refine((key) => !('d' in key))
const keySet = z.object({ keys: z.array(publicKey).min(1) })

/**
 * Reads the issuer's public keys from a JWKS file (RFC 7517), and again while they are used, at most once per second. While the file is
 * unreadable or invalid, known keys stay in use.
 *
 * @param warn called with a sentence when the file cannot be read, once per reason
 * @throws Problem if the file is missing, is not valid JSON, or holds other than public keys
 */
export function jwksFromFile(path: string, warn: KeysWarning): JWTVerifyGetKey {
  let text = readText(path)
  let keys = parseKeySet(path, text)
  let readAt = performance.now()
  let warned: string | undefined
  const refresh = () => {
    if (performance.now() - readAt < recheckAfterMs) return
    readAt = performance.now()
    try {
      const now = readText(path)
      if (now !== text) keys = parseKeySet(path, now)
      text = now
      warned = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== warned) warn(`${reason} Until then the keys that were read before stay in use.`)
      warned = reason
    }
  }
  return (header, token) => {
    refresh()
    return keys(header, token)
  }
}

function parseKeySet(path: string, text: string): JWTVerifyGetKey {
  const parsed = keySet.safeParse(parseJson(path, text))
  if (!parsed.success) {
    throw new Problem(
      `AUTH_JWKS_FILE ${path} is not a set of public keys (RFC 7517). Use the issuer's JWKS, without private keys.`,
    )
  }
  if (parsed.data.keys.some(({ kty }) => kty === 'oct')) {
    throw new Problem(
      `AUTH_JWKS_FILE ${path} holds a shared secret (kty oct). Remove it: only asymmetric keys are supported.`,
    )
  }
  return createLocalJWKSet(parsed.data)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path, String(error instanceof Error && 'code' in error ? error.code : error))
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(path, 'it is not valid JSON')
  }
}

function unreadable(path: string, reason: string): Problem {
  return new Problem(`AUTH_JWKS_FILE ${path} cannot be read: ${reason}. Set it to the issuer's JWKS file.`)
}

/**
 * Fetches the issuer's public keys from a JWKS URL. Keys are fetched on first use, after ten minutes, and when a credential names
 * an unknown key, at most once per 30 seconds. While the issuer is unreachable, known keys stay in use.
 */
export function jwksFromUrl(url: URL, warn: KeysWarning): IssuerKeys {
  let failedAt = Number.NEGATIVE_INFINITY
  let fetchedAt = Number.NEGATIVE_INFINITY
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: fetchTimeoutMs,
    // Never over: `fetchForNewKey` decides instead, because jose measures it by the clock of the day, which may be set back.
    cooldownDuration: Number.POSITIVE_INFINITY,
    // Never expires, so that keys stay usable while the issuer is down; `refresh` renews them instead.
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
    // The fetch reports the failure, and the old keys stay in use.
    remote.reload().catch(() => undefined)
  }
  /** A credential names an unknown key: the issuer may have a new one. */
  const fetchForNewKey = async (error: unknown) => {
    if (!(error instanceof errors.JWKSNoMatchingKey) || performance.now() - fetchedAt < coolDownMs) throw error
    await remote.reload()
  }
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    refresh()
    try {
      return await remote(header, token).catch(async (error) => {
        await fetchForNewKey(error)
        return remote(header, token)
      })
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      // There are no keys, or fetching a new one failed or is cooling down, so the credential cannot be verified now.
      throw new KeysUnavailable("The issuer's keys cannot be fetched.", error)
    }
  }
  const problem = async () => {
    if (remote.jwks() === undefined) await remote.reload().catch(() => undefined)
    return remote.jwks() === undefined ? "the issuer's keys cannot be fetched" : undefined
  }
  return Object.assign(keyOf, { problem })
}

async function bounded(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`it responds with status ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxKeySetBytes) throw new Error(`its response exceeds ${maxKeySetBytes} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  // Validated here, so that an invalid response counts as a failure and starts the cool-down.
  if (!keySet.safeParse(JSON.parse(text)).success) throw new Error('its response is not a set of public keys')
  return new Response(text, { status: 200, headers: { 'content-type': 'application/json' } })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
