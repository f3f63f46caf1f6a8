import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { openEmbedded, startEmbedded } from '../../src/database/embedded.ts'
import { emptyTables } from '../../src/sipis/migrations.ts'

describe('The embedded database', () => {
  let server: Awaited<ReturnType<typeof startEmbedded>>
  let database: Database
  beforeAll(async () => {
    server = await startEmbedded(emptyTables('V2'))
    await server.exec(`SET TimeZone = 'Europe/Berlin'; CREATE TABLE things (id bigint, at timestamptz)`)
    await server.exec(`INSERT INTO things VALUES (9007199254740993, '2026-01-01T00:00:00.123456Z'), (NULL, 'infinity')`)
    database = await openEmbedded(server)
  }, 60_000)
  afterAll(async () => {
    if (!server.closed) await server.close()
  })

  it('returns rows as arrays of text, as PostgreSQL prints them in UTC', async () => {
    expect(await database.query(sql`SELECT * FROM public.things WHERE ${'x'} = 'x' ORDER BY at`)).toEqual([
      ['9007199254740993', '2026-01-01 00:00:00.123456+00'],
      [null, 'infinity'],
    ])
    expect(await database.query(sql`SELECT true, 1.50::numeric, '{"a": 1}'::jsonb`)).toEqual([
      ['t', '1.50', '{"a": 1}'],
    ])
    const setting = sql`SELECT current_setting('DateStyle'), current_setting('search_path')`
    expect(await database.query(setting)).toEqual([['ISO, MDY', 'pg_catalog, pg_temp']])
  })

  it('is read-only', async () => {
    const written = database.query(sql`DELETE FROM public.things`)
    await expect(written).rejects.toMatchObject({ name: 'DatabaseError', code: '25006' })
  })

  it('fails like a server, and rejects a statement whose signal is aborted', async () => {
    const bad = database.query(sql`SELECT ${'canary'}::text::integer`)
    await expect(bad).rejects.toMatchObject({ name: 'DatabaseError', failure: 'input' })
    const gone = database.query(sql`SELECT 1 / 0`, AbortSignal.abort())
    await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' })
    const { signal } = new AbortController()
    expect(await database.query(sql`SELECT 1`, signal)).toEqual([['1']])
  })

  it('rejects statements after it is closed', async () => {
    await database.close()
    await expect(database.query(sql`SELECT 1`)).rejects.toMatchObject({ name: 'DatabaseError' })
  })
})
