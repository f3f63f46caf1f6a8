import { qualifiedName } from '../../../sipis/schemas.ts'
import type { CopyTable } from '../plan/plan.ts'
import type { Source } from './session.ts'

/** Bytes of each table, in their order. */
export async function sizesOf(
  { query, schemas }: Source,
  tables: readonly CopyTable[],
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const { name } of tables) {
    const [[bytes] = []] = await query('SELECT pg_table_size(to_regclass($1))', [qualifiedName(schemas, name)])
    sizes.set(name, Number(bytes))
  }
  return sizes
}
