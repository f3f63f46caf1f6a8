import { isUtf8 } from 'node:buffer'
import { BadInput } from '../loaders/bad-input.ts'

/**
 * A global id encodes the type, the row's own key and the selector string, because a migration from v1 to v2 keeps these.
 * Opaque to clients.
 */
export const nodeTypes = ['Selector', 'Token', 'Call', 'Message', 'PushTest'] as const
const maxLength = 2_000

export type NodeType = (typeof nodeTypes)[number]

export function encodeNodeId(typename: NodeType, id: string): string {
  return Buffer.from(`${typename}:${id}`).toString('base64url')
}

export interface DecodedId {
  readonly typename: NodeType
  readonly id: string
}

/** @throws BadInput if it is not an id that `encodeNodeId` returns */
export function decodeNodeId(nodeId: string): DecodedId {
  const text = nodeId.length > maxLength ? undefined : decodeCanonical(nodeId)
  if (text === undefined || text.includes('\0')) throw notAnId(nodeId)
  const end = text.indexOf(':')
  const name = text.slice(0, end)
  const typename = nodeTypes.find((type) => type === name)
  if (end === -1 || typename === undefined) throw notAnId(nodeId)
  return { typename, id: text.slice(end + 1) }
}

/** Of the last character, by the number of characters in the last group: those whose unused bits are zero. */
const lastOf: readonly (string | undefined)[] = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048']
const alphabet = /^[\w-]*$/
const ascii = /^[\0-\x7f]*$/

/** The text that is encoded like this; undefined if there is none. Other base64url has bits that are ignored, or bytes that are no UTF-8. */
function decodeCanonical(encoded: string): string | undefined {
  if (!alphabet.test(encoded)) return undefined
  const last = lastOf[encoded.length % 4]
  if (last !== undefined && !last.includes(encoded.slice(-1))) return undefined
  if (last === '') return undefined
  // Takes half as long as the decoder of Buffer.
  const binary = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'))
  if (ascii.test(binary)) return binary
  const bytes = Buffer.from(binary, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : undefined
}

export interface RowId {
  readonly rowid: string
  readonly selector: string
}

/** Id of a row with a rowid, as "rowid:selector". The selector comes last because it contains colons. */
export function formatRowId({ rowid, selector }: RowId): string {
  return `${rowid}:${selector}`
}

/** @throws BadInput if it is not "rowid:selector" with a 64-bit rowid */
export function parseRowId(id: string): RowId {
  const [, rowid = '', selector = ''] = /^(-?\d{1,19}):(.*)$/su.exec(id) ?? notAnId(id)
  if (BigInt.asIntN(64, BigInt(rowid)) !== BigInt(rowid)) throw notAnId(id)
  return { rowid, selector }
}

/** @throws BadInput always */
export function notAnId(id: string): never {
  const shown = id.length > 40 ? `${id.slice(0, 40)}…` : id
  throw new BadInput(`"${shown}" is not a valid id. Use the value of the field id of an object.`)
}
