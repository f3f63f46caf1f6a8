import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import Negotiator from 'negotiator'

/** The bytes of one file in each content coding. */
export interface Encoded {
  readonly identity: Buffer
  readonly br: Buffer
  readonly gzip: Buffer
}

export type Encoding = keyof Encoded

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)
/** At the highest quality the 9 MB of GraphiQL take ten seconds. The package is built with it, a page in memory is not. */
const quickQuality = 5

/** Suffixes of the files that the build has compressed. */
export const suffixes = { br: '.br', gzip: '.gz' } as const

/** @param quality of brotli, 0 to 11 */
export async function encode(contents: Uint8Array, quality: number = quickQuality): Promise<Encoded> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: contents.length }
  const [br, zipped] = await Promise.all([brotli(contents, { params }), zip(contents)])
  return { identity: Buffer.from(contents), br, gzip: zipped }
}

/** The smallest coding that the client accepts. Without Accept-Encoding, bytes are sent as they are. */
export function encodingOf(accepted: string | undefined): Encoding {
  if (accepted === undefined) return 'identity'
  const acceptable = new Negotiator({ headers: { 'accept-encoding': accepted } }).encodings(['br', 'gzip'])
  return (['br', 'gzip'] as const).find((encoding) => acceptable.includes(encoding)) ?? 'identity'
}
