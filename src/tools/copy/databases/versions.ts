import type { SchemaVersion } from '../../../sipis/schema-version.ts'
import type { Session } from './session.ts'

export interface DatabaseVersion {
  /** Version of the server, such as 17.2. */
  readonly postgresql: string
  readonly schema: 'v1' | 'v2'
  readonly encoding: string
}

export type Versions = Readonly<Record<'source' | 'target', DatabaseVersion>>

/** The schemas are those that the direction asks for; other ones are refused later. */
export async function versionsOf(
  source: Session,
  target: Session,
  direction: Readonly<Record<'source' | 'target', SchemaVersion>>,
): Promise<Versions> {
  return { source: await versionOf(source, direction.source), target: await versionOf(target, direction.target) }
}

async function versionOf({ query, encoding }: Session, version: SchemaVersion): Promise<DatabaseVersion> {
  const [[server] = []] = await query(`SELECT current_setting('server_version')`)
  return { postgresql: String(server), schema: version === 'V1' ? 'v1' : 'v2', encoding }
}
