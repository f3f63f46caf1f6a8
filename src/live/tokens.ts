import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Position, Seen } from './position.ts'
import { digestBytes } from './position.ts'

/**
 * Tokens of `changes`: a position, encrypted and authenticated, because it tells how much a server writes and decides what a client
 * is not shown. A token is bound to its scope and grants nothing.
 */
export interface Tokens {
  /** Tokens of another generation are of another database. */
  readonly generation: number
  /** @param scope what the token is for; it opens for the same scope only */
  seal(position: Position, scope: string): string
  /**
   * Undefined if the token has expired, or was sealed with a key that is no longer used.
   *
   * @throws MalformedToken if it is not a token, or one of another scope
   */
  open(token: string, scope: string): Position | undefined
}

export class MalformedToken extends Error {}

/**
 * A token: version, checksum of the rest, id of the key, nonce, ciphertext, tag. The checksum tells a damaged token from one of another
 * key, which is nothing that its client did wrong.
 */
const version = 1
const sizes = { version: 1, checksum: 4, keyId: 4, nonce: 12, tag: 16 }
const headBytes = sizes.version + sizes.checksum
const maxLength = 60_000
const maxAgeSeconds = 30 * 24 * 3_600
const algorithm = 'aes-256-gcm'

export interface TokenOptions {
  /** The first one seals, all of them open. Default: a secret of this process. */
  readonly secrets?: readonly string[] | undefined
  readonly generation?: number | undefined
  /** Seconds since 1970. */
  readonly now?: () => number
}

export function createTokens({ secrets = [], generation = 0, now = secondsNow }: TokenOptions): Tokens {
  const keys = (secrets.length === 0 ? [randomBytes(32).toString('hex')] : secrets).map(keyOf)
  return {
    generation,
    seal(position, scope) {
      const [key] = keys
      if (key === undefined) throw new Error('There is no key.')
      const nonce = randomBytes(sizes.nonce)
      const cipher = createCipheriv(algorithm, key.bytes, nonce)
      cipher.setAAD(Buffer.from(scope))
      const sealed = Buffer.concat([cipher.update(encode(position, now())), cipher.final()])
      const rest = Buffer.concat([key.id, nonce, sealed, cipher.getAuthTag()])
      return Buffer.concat([Buffer.from([version]), checksum(rest), rest]).toString('base64url')
    },
    open(token, scope) {
      const rest = intact(token)
      const id = rest.subarray(0, sizes.keyId)
      const key = keys.find((known) => known.id.equals(id))
      if (key === undefined) return undefined
      const { position, sealedAt } = decode(decrypted(rest.subarray(sizes.keyId), key.bytes, scope))
      return now() - sealedAt > maxAgeSeconds ? undefined : position
    },
  }
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000)
}

function keyOf(secret: string): { id: Buffer; bytes: Buffer } {
  const bytes = createHash('sha256').update(secret).digest()
  return { id: createHash('sha256').update('id').update(bytes).digest().subarray(0, sizes.keyId), bytes }
}

function checksum(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, sizes.checksum)
}

function intact(token: string): Buffer {
  if (token.length > maxLength) throw new MalformedToken()
  const bytes = Buffer.from(token, 'base64url')
  const rest = bytes.subarray(headBytes)
  const least = sizes.keyId + sizes.nonce + sizes.tag
  const isWhole =
    bytes.toString('base64url') === token &&
    rest.length >= least &&
    bytes[0] === version &&
    checksum(rest).equals(bytes.subarray(sizes.version, headBytes))
  if (!isWhole) throw new MalformedToken()
  return rest
}

function decrypted(bytes: Buffer, key: Buffer, scope: string): Buffer {
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, sizes.nonce))
  decipher.setAAD(Buffer.from(scope))
  decipher.setAuthTag(bytes.subarray(-sizes.tag))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(sizes.nonce, -sizes.tag)), decipher.final()])
  } catch {
    throw new MalformedToken()
  }
}

const fixedBytes = digestBytes + 4 + 4 + 8 + 8 + 8 + 8

function encode({ database, timeline, mark, seen, pending }: Position, sealedAt: number): Buffer {
  const head = Buffer.alloc(fixedBytes)
  head.write(database, 'hex')
  let at = head.writeUInt32BE(timeline, digestBytes)
  at = head.writeUInt32BE(sealedAt, at)
  at = head.writeBigUInt64BE(mark, at)
  at = head.writeBigUInt64BE(pending?.xid ?? 0n, at)
  at = head.writeBigUInt64BE(pending?.lsn ?? 0n, at)
  head.writeBigUInt64BE(pending?.checkpoint ?? 0n, at)
  return Buffer.concat([head, encodeSeen(seen, mark)])
}

/** Distances of sorted ids take a byte or two each. */
function encodeSeen(seen: readonly Seen[], mark: bigint): Buffer {
  const sorted = seen.toSorted((one, other) => Number(one.xid - other.xid))
  const bytes: number[] = []
  let before = mark
  for (const { xid, tag } of sorted) {
    let distance = Number(xid - before)
    for (; distance > 0x7f; distance = Math.floor(distance / 0x80)) bytes.push((distance & 0x7f) | 0x80)
    bytes.push(distance, tag >> 8, tag & 0xff)
    before = xid
  }
  return Buffer.from(bytes)
}

type Numbers = [mark: bigint, xid: bigint, lsn: bigint, checkpoint: bigint]

function decode(bytes: Buffer): { position: Position; sealedAt: number } {
  const [mark, xid, lsn, checkpoint] = [8, 16, 24, 32].map((at) => bytes.readBigUInt64BE(digestBytes + at)) as Numbers
  const position: Position = {
    database: bytes.toString('hex', 0, digestBytes),
    timeline: bytes.readUInt32BE(digestBytes),
    mark,
    seen: decodeSeen(bytes.subarray(fixedBytes), mark),
    pending: xid === 0n ? undefined : { xid, lsn, checkpoint },
  }
  return { position, sealedAt: bytes.readUInt32BE(digestBytes + 4) }
}

function decodeSeen(bytes: Buffer, mark: bigint): Seen[] {
  const seen: Seen[] = []
  let before = mark
  for (let at = 0; at < bytes.length; ) {
    let distance = 0
    let factor = 1
    for (; (bytes[at] ?? 0) > 0x7f; at++, factor *= 0x80) distance += ((bytes[at] ?? 0) & 0x7f) * factor
    distance += (bytes[at] ?? 0) * factor
    before += BigInt(distance)
    seen.push({ xid: before, tag: bytes.readUInt16BE(at + 1) })
    at += 3
  }
  return seen
}
