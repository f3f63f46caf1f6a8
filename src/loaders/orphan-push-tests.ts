import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import type { RowView } from '../sipis/columns.ts'
import { decoder, selectList, width } from '../sipis/columns.ts'
import type { Projection, PushTestRow } from '../sipis/projection.ts'
import { checkText } from './bad-input.ts'
import { batched, eachAlone, grouped } from './batched.ts'
import { lanes } from './lanes.ts'
import { createStatements } from './statements.ts'

/** Identifies a push test whose selector has been deleted, by the stored key of that selector and its push id. */
export interface OrphanIdentity {
  readonly key: string
  readonly pushId: string
}

export type OrphanPushTest = RowView<PushTestRow, null>

export interface OrphanPushTests {
  load(identity: OrphanIdentity): Promise<OrphanPushTest | null>
}

/** Prepares decoders and statements once per projection; the returned function creates the loader of one operation. */
export function prepareOrphanPushTests(projection: Projection): (database: Database) => OrphanPushTests {
  const { pushTests, selectors, keyArray } = projection
  const { columns, table } = pushTests
  const decode = decoder(columns)
  const lookUps = createStatements(lanes.messages)
  const numberAt = width(columns)
  const statementOf = (identities: readonly OrphanIdentity[]) => {
    const keys = identities.map(({ key }) => key)
    const pushIds = identities.map(({ pushId }) => pushId)
    return lookUps('orphan', [], { keys, pushIds }, () => {
      return sql`SELECT ${selectList(columns)}, k.n
        FROM unnest(${sql.placeholder('keys')}::${keyArray}, ${sql.placeholder('pushIds')}::text[])
          WITH ORDINALITY AS k(key, pushid, n)
        JOIN ${table} ON ${pushTests.ofKey(sql`k.key`)} AND ${columns.pushId.sql} = k.pushid
        WHERE NOT EXISTS (SELECT FROM ${selectors.table} WHERE ${pushTests.ofSelector} AND ${selectors.exists})`
    })
  }

  return (database) => {
    const load = batched<OrphanIdentity, OrphanPushTest | null>(
      ({ key, pushId }) => JSON.stringify([key, pushId]),
      async (identities) => {
        const found = await database.query(statementOf(identities))
        return eachAlone(grouped(found, identities.length, numberAt), ([values]) =>
          values === undefined ? null : decode(values, 0, null),
        )
      },
    )
    return {
      async load(identity) {
        checkText(identity.key)
        checkText(identity.pushId)
        return load(identity)
      },
    }
  }
}
