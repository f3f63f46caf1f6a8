import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { openClient } from '../support/client.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../support/database.ts'

async function clientOf({ url }: TestDatabase) {
  const database = openReader(url)
  untilTestEnds({ [Symbol.asyncDispose]: () => database.close() })
  return openClient(database)
}

const schemaVersion = '{ database { schemaVersion encoding serverVersion tableVersions { name version } } }'

describe('A database that init created', () => {
  it.each([
    ['V1', 'UTF8'],
    ['V1', 'SQL_ASCII'],
    ['V2', 'UTF8'],
    ['V2', 'SQL_ASCII'],
  ] as const)('is detected as %s, %s', async (version, encoding) => {
    const client = await clientOf(untilTestEnds(await cloneDatabase(version, encoding)))
    const { database } = await client.ask(schemaVersion)
    expect(database).toMatchObject({ schemaVersion: version, encoding, tableVersions: [] })
    expect(database.serverVersion).toMatch(/^\d+/)
  })
})

describe('A database that SIPIS created', () => {
  it('is detected as v1 with its own order of columns, unknown tables, other indexes and no table badge', async () => {
    const own = untilTestEnds(await emptyDatabase('SQL_ASCII'))
    await own.sql(await readFile('test/support/sipis-v1.sql', 'utf8'))
    await own.sql('CREATE TABLE mytable (anything xml)')
    const client = await clientOf(own)
    expect((await client.ask(schemaVersion)).database).toMatchObject({ schemaVersion: 'V1', encoding: 'SQL_ASCII' })
  })

  it('is detected as v2 without badge, tableversions, data, restart and any index', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql('DROP TABLE badge, tableversions, data, restart')
    await own.sql(`DO $$ DECLARE item record; BEGIN
      FOR item IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint WHERE contype IN ('p', 'u') AND connamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.relation, item.conname);
      END LOOP; END $$`)
    await own.sql(`DO $$ DECLARE name text; BEGIN
      FOR name IN SELECT indexname FROM pg_indexes WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP INDEX %I', name);
      END LOOP; END $$`)
    const client = await clientOf(own)
    expect((await client.ask(schemaVersion)).database).toMatchObject({ schemaVersion: 'V2', tableVersions: [] })
  })

  it('is found using the search_path of its role or database', async () => {
    const own = untilTestEnds(await cloneDatabase('V1'))
    await own.sql('ALTER SCHEMA public RENAME TO sipis')
    const name = new URL(own.url).pathname.slice(1)
    await own.sql(`ALTER DATABASE ${name} SET search_path TO sipis`)
    const client = await clientOf(own)
    expect((await client.ask(schemaVersion)).database.schemaVersion).toBe('V1')
  })

  it('has table versions if tableversions has the assumed columns', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql(`INSERT INTO tableversions VALUES ('sipcalls', 4), ('data', 2)`)
    const client = await clientOf(own)
    const { tableVersions } = (await client.ask(schemaVersion)).database
    expect(tableVersions).toEqual([
      { name: 'data', version: '2' },
      { name: 'sipcalls', version: '4' },
    ])
  })

  it('is served even if tableversions has other columns', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql('DROP TABLE tableversions')
    await own.sql('CREATE TABLE tableversions (a text, b bytea)')
    const client = await clientOf(own)
    expect((await client.ask(schemaVersion)).database.tableVersions).toEqual([])
  })
})

describe('A database of neither schema', () => {
  it('that is empty is rejected with the search_path and what to do', async () => {
    const own = untilTestEnds(await emptyDatabase())
    await expect(clientOf(own)).rejects.toThrow(/No SIPIS table .*\(public\).*init/)
  })

  it('that has the tables in another schema is rejected with the name of that schema', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql('ALTER SCHEMA public RENAME TO sipis')
    await expect(clientOf(own)).rejects.toThrow(/schema sipis.*search_path/)
  })

  it('is rejected with what was found and what is missing', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    await own.sql('ALTER TABLE sipcalls DROP COLUMN missedreason')
    await own.sql('DROP TABLE pushtests')
    await expect(clientOf(own)).rejects.toThrow(
      /neither schema v1 nor v2.*selectors.*nearest is v2.*lacks sipcalls.missedreason, pushtests/,
    )
  })

  it('that the role may not read is rejected with the GRANT to run', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const role = `reader_${new URL(own.url).pathname.slice(-12)}`
    await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
    untilTestEnds({
      [Symbol.asyncDispose]: async () => {
        await own.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      },
    })
    await own.sql(`GRANT SELECT ON selectors, tokens, siptextmessages, pushtests TO ${role}`)
    const url = new URL(own.url)
    url.username = role
    url.password = 'secret'
    await expect(clientOf({ ...own, url: url.href })).rejects.toThrow(
      /may not read sipcalls.*GRANT SELECT ON "public"."sipcalls" TO reader_/,
    )
    await own.sql(`GRANT SELECT ON sipcalls TO ${role}`)
    await expect(clientOf({ ...own, url: url.href })).resolves.toBeDefined()
  })
})
