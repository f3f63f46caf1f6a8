import { BadInput } from '../loaders/bad-input.ts'

/**
 * Ids name a row by what a migration from v1 to v2 keeps: its type, its own key and the selector string. Clients must treat
 * them as opaque.
 */
const types = ['Selector', 'Token', 'Call', 'Message', 'PushTest'] as const
const maxLength = 2_000

export type NodeType = (typeof types)[number]

export function encodeNodeId(typename: string, id: string): string {
  return Buffer.from(`${typename}:${id}`).toString('base64url')
}

export function decodeNodeId(nodeId: string): { typename: NodeType; id: string } {
  if (nodeId.length > maxLength) throw notAnId(nodeId)
  const decoded = Buffer.from(nodeId, 'base64url').toString()
  const [name = '', ...rest] = decoded.split(':')
  const typename = types.find((type) => type === name)
  const id = rest.join(':')
  if (typename === undefined || encodeNodeId(typename, id) !== nodeId || id.includes('\0')) throw notAnId(nodeId)
  return { typename, id }
}

export interface RowId {
  readonly rowid: string
  readonly selector: string
}

/** The id of a row that has a rowid: "rowid:selector", for the selector may hold colons. */
export function formatRowId({ rowid, selector }: RowId): string {
  return `${rowid}:${selector}`
}

export function parseRowId(id: string): RowId {
  const [, rowid = '', selector = ''] = /^(-?\d{1,19}):(.*)$/su.exec(id) ?? notAnId(id)
  if (BigInt.asIntN(64, BigInt(rowid)) !== BigInt(rowid)) throw notAnId(id)
  return { rowid, selector }
}

export function notAnId(id: string): never {
  const shown = id.length > 40 ? `${id.slice(0, 40)}…` : id
  throw new BadInput(`"${shown}" is not an id. Take ids from the field id of any object.`)
}
