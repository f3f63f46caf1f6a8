import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { Shown } from '../versions/columns.ts'
import { decoder, selectList, width } from '../versions/columns.ts'
import type { Projection, PushTestRow } from '../versions/projection.ts'
import { batched, grouped } from './batched.ts'
import { openStatements } from './statements.ts'

/** A push test whose selector is gone is known by the key that it still holds, and its push id. */
export interface OrphanIdentity {
  readonly key: string
  readonly pushId: string
}

export type OrphanPushTest = Shown<PushTestRow, null>

export interface OrphanPushTests {
  load(identity: OrphanIdentity): Promise<OrphanPushTest | null>
}

/** What does not depend on the operation is made here, once; the answer opens the loader for an operation. */
export function prepareOrphanPushTests(projection: Projection): (database: Database) => OrphanPushTests {
  const { pushTests, selectors, keyArray } = projection
  const { columns, table } = pushTests
  const decode = decoder(columns)
  const lookUps = openStatements({ lane: 'messages' })
  const numberAt = width(columns)
  const statementOf = (asked: readonly OrphanIdentity[]) => {
    const keys = asked.map(({ key }) => key)
    const pushIds = asked.map(({ pushId }) => pushId)
    return lookUps('orphan', [], { keys, pushIds }, () => {
      return sql`SELECT ${selectList(columns)}, k.n
        FROM unnest(${sql.placeholder('keys')}::${keyArray}, ${sql.placeholder('pushIds')}::text[])
          WITH ORDINALITY AS k(key, pushid, n)
        JOIN ${table} ON ${pushTests.ofKey(sql`k.key`)} AND ${columns.pushId.sql} = k.pushid
        WHERE NOT EXISTS (SELECT FROM ${selectors.table} WHERE ${pushTests.ofSelector} AND ${selectors.exists})`
    })
  }

  return (database) => ({
    load: batched<OrphanIdentity, OrphanPushTest | null>(
      ({ key, pushId }) => JSON.stringify([key, pushId]),
      async (asked) => {
        const found = await database.query(statementOf(asked))
        return grouped(found, asked.length, numberAt).map(([values]) =>
          values === undefined ? null : decode(values, 0, null),
        )
      },
    ),
  })
}
