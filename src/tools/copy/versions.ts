import type { Session } from './session.ts'

export interface DatabaseVersion {
  /** Version of the server, such as 17.2. */
  readonly postgresql: string
  readonly schema: 'v1' | 'v2'
  readonly encoding: string
}

export type Versions = Readonly<Record<'source' | 'target', DatabaseVersion>>

export async function versionsOf(source: Session, target: Session): Promise<Versions> {
  return { source: await versionOf(source, 'v1'), target: await versionOf(target, 'v2') }
}

async function versionOf({ query, encoding }: Session, schema: DatabaseVersion['schema']): Promise<DatabaseVersion> {
  const [[version] = []] = await query(`SELECT current_setting('server_version')`)
  return { postgresql: String(version), schema, encoding }
}
