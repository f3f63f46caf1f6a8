import { sql } from 'drizzle-orm'
import type { Database } from '../../database/database.ts'
import type { Advice } from './indexes.ts'

/** Functions that the field `changes` calls. Every role may call them, unless that was revoked. */
const functions = ['pg_control_checkpoint', 'pg_control_system', 'pg_control_recovery']

export async function changesAdvice(database: Database): Promise<Advice[]> {
  const found = await database.query(sql`SELECT name, quote_ident(current_user)
    FROM unnest(${sql.param(functions)}::text[]) AS f(name) WHERE NOT has_function_privilege(name || '()', 'EXECUTE')`)
  if (found.length === 0) return []
  return [
    {
      code: 'FUNCTION_DENIED',
      reason: 'The role may not call what the field changes needs, so that it is NOT_SUPPORTED. As a superuser:',
      statement: found.map(([name, role]) => `GRANT EXECUTE ON FUNCTION ${name}() TO ${role};`).join('\n    '),
    },
  ]
}
