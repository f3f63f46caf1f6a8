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

/** @throws BadInput if it is not an id that `encodeNodeId` returns */
export function decodeNodeId(nodeId: string): { typename: NodeType; id: string } {
  if (nodeId.length > maxLength) throw notAnId(nodeId)
  const decoded = Buffer.from(nodeId, 'base64url').toString()
  const [name = '', ...rest] = decoded.split(':')
  const typename = nodeTypes.find((type) => type === name)
  const id = rest.join(':')
  if (typename === undefined || encodeNodeId(typename, id) !== nodeId || id.includes('\0')) throw notAnId(nodeId)
  return { typename, id }
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
