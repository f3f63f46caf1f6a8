import { pgTable, text } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { TableDescription } from '../../src/sipis/tables.ts'
import { describeTables, required } from '../../src/sipis/tables.ts'
import { noKeys } from '../../src/sipis/unique-keys.ts'
import { v2Projection } from '../../src/sipis/v2/projection.ts'
import { describedTables } from '../../src/sipis/versions.ts'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'

const everything = `{ database { tableVersions { name } } selectors(first: 5) { totalCount nodes { id name lastSeen
  tokens { nodes { id token fingerprint appId lastSeen } } settings(names: ["title"]) { name value }
  calls(first: 5) { nodes { id time callId missedReason caller { uri displayName username domain port } } }
  messages(first: 5) { nodes { id time messageId contentType headers body sender { username } } }
  pushTests(first: 5) { nodes { id pushId platform started concluded } } } } }`

/** Starts a gateway and reads everything; throws if either fails. */
async function serve({ url }: TestDatabase): Promise<void> {
  const database = openReader(url)
  try {
    await (await openClient(database)).ask(everything)
  } finally {
    await database.close()
  }
}

const isNeeded = ({ mayBeMissing, needed }: TableDescription, column: string) =>
  !mayBeMissing && needed.includes(column)

describe.each(schemaVersions)('A database of %s', (version) => {
  const described = describedTables[version]

  it('is served without columns that are not read, and rejected with the name of a missing column that is read', async () => {
    const own = untilTestEnds(await cloneDatabase(version))
    await own.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    const found = await own.sql(
      `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`,
    )
    for (const [table, column] of found) {
      const description = described.find(({ name }) => name === table)
      if (description === undefined) throw new Error(`${table} is not described.`)
      await own.sql(`ALTER TABLE ${table} RENAME COLUMN ${column} TO elsewhere`)
      const served = serve(own)
      if (isNeeded(description, String(column))) await expect(served).rejects.toThrow(`lacks ${table}.${column}`)
      else if (table === 'data') await expect(served).rejects.toThrow('settings')
      else await expect(served, `without ${table}.${column}`).resolves.toBeUndefined()
      await own.sql(`ALTER TABLE ${table} RENAME COLUMN elsewhere TO ${column}`)
    }
  }, 60_000)

  it('is served without optional tables, and rejected with the name of another missing table', async () => {
    const own = untilTestEnds(await cloneDatabase(version))
    for (const { name, mayBeMissing } of described) {
      if (mayBeMissing) await own.sql(`DROP TABLE IF EXISTS ${name}`)
    }
    const database = openReader(own.url)
    untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
    const client = await openClient(database)
    expect((await client.ask('{ database { schemaVersion } selectors { totalCount } }')).database.schemaVersion).toBe(
      version,
    )
    for (const { name, mayBeMissing } of described) {
      if (mayBeMissing) continue
      await own.sql(`ALTER TABLE ${name} RENAME TO elsewhere`)
      await expect(serve(own)).rejects.toThrow(`lacks ${name}.`)
      await own.sql(`ALTER TABLE elsewhere RENAME TO ${name}`)
    }
  })
})

describe('A column that init creates', () => {
  it('is not required if it is never read', () => {
    const sipcalls = pgTable('sipcalls', { missedreason: text('missedreason'), note: text('note') })
    const projection = v2Projection({ encoding: 'UTF8', timeZone: 'UTC', schemas: new Map(), keys: noKeys })
    const [described] = describeTables({ sipcalls }, projection, { sipcalls: required })
    expect(described).toMatchObject({ columns: ['missedreason', 'note'], needed: ['missedreason'], served: true })
  })
})
