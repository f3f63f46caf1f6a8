import DataLoader from 'dataloader'
import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { decoder, selectList } from '../versions/columns.ts'
import type { Projection, PushTestRow } from '../versions/projection.ts'

/** A push test whose selector is gone is known by the key that it still holds, and its push id. */
export interface OrphanIdentity {
  readonly key: string
  readonly pushId: string
}

export interface OrphanPushTests {
  load(identity: OrphanIdentity): Promise<(PushTestRow & { owner: null }) | null>
}

export function openOrphanPushTests(database: Database, projection: Projection): OrphanPushTests {
  const { pushTests, selectors, keyArray } = projection
  const decode = decoder(pushTests.columns)
  return new DataLoader<OrphanIdentity, (PushTestRow & { owner: null }) | null, string>(
    async (asked) => {
      const keys = sql.param(asked.map(({ key }) => key))
      const pushIds = sql.param(asked.map(({ pushId }) => pushId))
      const found = await database.query(sql`SELECT k.n, ${selectList(pushTests.columns)}
        FROM unnest(${keys}::${keyArray}, ${pushIds}::text[]) WITH ORDINALITY AS k(key, pushid, n)
        JOIN ${pushTests.table} ON ${pushTests.ofKey(sql`k.key`)} AND ${pushTests.columns.pushId.sql} = k.pushid
        WHERE NOT EXISTS (SELECT FROM ${selectors.table} WHERE ${pushTests.ofSelector} AND ${selectors.exists})`)
      const byNumber = new Map(found.map((values) => [Number(values[0]), { ...decode(values, 1), owner: null }]))
      return asked.map((_, index) => byNumber.get(index + 1) ?? null)
    },
    { cacheKeyFn: ({ key, pushId }) => `${key}\n${pushId}` },
  )
}
