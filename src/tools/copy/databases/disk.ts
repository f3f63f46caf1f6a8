/** Whether the disk of the target has room for the copy, as far as that can be known. */
import { statfs } from 'node:fs/promises'
import { isIP } from 'node:net'
import { qualifiedName } from '../../../sipis/schemas.ts'
import type { DiskEstimate } from '../report/report.ts'
import type { Session } from './session.ts'

/** Rows of v2 have the text of a selector instead of its id, once in the row and in each index of it. */
const growth = 2

export async function estimateDisk(source: Session, target: Session, tables: readonly string[]): Promise<DiskEstimate> {
  const paths = tables.map((name) => qualifiedName(source.schemas, name))
  const [[bytes] = []] = await source.query(
    'SELECT coalesce(sum(pg_total_relation_size(to_regclass(path))), 0) FROM unnest($1::text[]) AS t(path)',
    [paths],
  )
  return { neededBytes: Math.round(Number(bytes) * growth), freeBytes: await freeBytes(target) }
}

/** @returns a problem if there is less room than the copy needs */
export function diskProblems({ neededBytes, freeBytes }: DiskEstimate, target: string): string[] {
  if (freeBytes === null || freeBytes >= neededBytes) return []
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1_048_576)} MiB`
  return [
    `The disk of ${target} has ${mebibytes(freeBytes)} free, and the copy needs about ${mebibytes(neededBytes)}: free some space.`,
  ]
}

/** The data directory may only be looked at if the server runs on this machine. */
async function freeBytes({ client, query }: Session): Promise<number | null> {
  const { host } = client
  const isLocal = host.startsWith('/') || host === 'localhost' || (isIP(host) !== 0 && /^(127\.|::1$)/.test(host))
  if (!isLocal) return null
  const [[folder] = []] = await query(`SELECT setting FROM pg_settings WHERE name = 'data_directory'`)
  if (folder == null) return null
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  )
}
