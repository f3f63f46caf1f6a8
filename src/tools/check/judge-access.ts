import type { Database } from '../../database/database.ts'
import { Problem } from '../../errors/problem.ts'
import type { Detected } from '../../sipis/detect.ts'
import type { Role } from './role.ts'
import { readOnlyRoleStatements } from './role.ts'
import { rowSecuritySentence, tablesWithHiddenRows } from './row-security.ts'

interface Exposure {
  readonly beyondLoopback: boolean
  readonly allowWritableRole: boolean
}

/**
 * Judges what the role of a gateway may do, and which rows it does not see.
 *
 * @param warn called with each sentence that the operator should read
 * @throws Problem if the role may write where other machines can connect
 */
export async function judgeAccess(
  role: Role,
  database: Database,
  detected: Detected,
  exposure: Exposure,
  warn: (sentence: string) => void,
): Promise<void> {
  await judgeRole(role, database, detected, exposure, warn)
  const tables = await tablesWithHiddenRows(database, detected)
  if (tables.length > 0) warn(`${rowSecuritySentence(role.name, tables)} "sipis-gateway check" says more`)
}

/** Every connection is read-only, but that is a promise of this program; a role that may not write is one of the database. */
async function judgeRole(
  { name, superuser, mayWrite }: Role,
  database: Database,
  detected: Detected,
  { beyondLoopback, allowWritableRole }: Exposure,
  warn: (sentence: string) => void,
): Promise<void> {
  if (!(superuser || mayWrite)) return
  const what = `The database role ${name} ${superuser ? 'is a superuser' : "may write to SIPIS's tables"}.`
  if (beyondLoopback && !allowWritableRole) {
    throw new Problem(
      `Refused (writable-role): ${what} Beyond loopback serve with a role that may only read, made by the owner with:\n` +
        `${(await readOnlyRoleStatements(database, detected)).join('\n')}\n` +
        '--allow-writable-role insists.',
    )
  }
  warn(`${what} A role that may only read is safer; "sipis-gateway check" prints how to make one`)
}
