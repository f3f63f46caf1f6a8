/** A copy between servers of different major versions: the packaged PostgreSQL and one that the operating system has installed. */
import fc from 'fast-check'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import type { SchemaVersion } from '../../../src/sipis/schema-version.ts'
import { executeAccepting, runCopy } from '../../support/copying.ts'
import { isFull, times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { databaseWithTables, untilTestEnds } from '../../support/database.ts'
import { dirtyDatabase, fill } from '../../support/dirty.ts'
import { installedPrograms, startOwnServer } from '../../support/postgres.ts'
import type { Encoding } from '../../support/templates.ts'

const programs = installedPrograms()
const texts = ['Jürgen ÿ ß', 'tab\tline\nreturn\r\\N \\', `quotes ' "`, '', 'é'.repeat(30)]
/** Not in Latin-1. */
const others = ['Žižek 🎉', 'e\u0301 \u2028']

const directions = ['packaged into installed', 'installed into packaged'] as const
type Place = 'packaged' | 'installed'
const placesOf = (direction: (typeof directions)[number]) => direction.split(' into ') as [Place, Place]
const encodings = (['UTF8', 'LATIN1', 'SQL_ASCII'] as const).flatMap((from) =>
  (['UTF8', 'SQL_ASCII'] as const).map((into) => [from, into] as const),
)
/** In full every pair in each direction, otherwise every other one: each source and each target in both. */
const encodingsOf = (direction: (typeof directions)[number]) =>
  encodings.filter((_, index) => isFull || [0, 3, 4].includes(index) === (direction === directions[0]))

async function addRows({ sql }: TestDatabase, values: readonly string[]): Promise<void> {
  for (const [index, text] of values.entries()) {
    const id = index + 1
    await sql('INSERT INTO selectors (id, selector) VALUES ($1, $2::text)', [id, `${id} ${text}`])
    await sql(
      `INSERT INTO sipcalls (id, scheme, userdisplayname, username, domain, domainport, callid, time)
        VALUES ($1, 'sip', $2::text, $2::text, $2::text, 5060, $2::text, '2026-01-01 00:00:00.000001+01')`,
      [id, text],
    )
    await sql(
      `INSERT INTO siptextmessages (id, scheme, userdisplayname, username, domain, domainport, msgid, contenttype, headers, body, time)
        VALUES ($1, 'sip', $2::text, $2::text, $2::text, 0, $2::text, $2::text, $2::text, repeat($2::text, 1000), 'infinity')`,
      [id, text],
    )
    await sql('INSERT INTO tokens (id, token, appid, lastseen) VALUES ($1, $2::text, $2::text, NULL)', [id, text])
    await sql(`INSERT INTO pushtests VALUES ($1, $2::text, $2::text, '2026-01-01 00:00:00.5')`, [id, text])
    await sql('INSERT INTO data (id, name, value, longvalue) VALUES ($1, $2::text, $2::text, $2::text)', [id, text])
    await sql(
      `INSERT INTO restart (id, name, value, server, longvalue) VALUES ($1, $2::text, $2::text, 'Sipis1', NULL)`,
      [id, text],
    )
  }
}

/** What v1 has of each row that v2 has as well, the name of the selector in the place of its id. */
async function rowsOf({ sql }: TestDatabase, version: SchemaVersion): Promise<Record<string, unknown>> {
  const columns = {
    selectors: 't.id, t.lastseen',
    tokens: 'token, appid, t.lastseen',
    sipcalls: 'rowid, scheme, userdisplayname, username, domain, domainport, callid, time',
    siptextmessages: 'rowid, username, domainport, msgid, contenttype, headers, body, time',
    pushtests: 'pushid, platform, started, concluded',
    data: 'rowid, name, value, longvalue',
    restart: 'rowid, name, seq, value, longvalue',
  }
  const key = version === 'V1' ? 'id' : 'selector'
  const rows: Record<string, unknown> = {}
  for (const [table, names] of Object.entries(columns)) {
    // Entries that v2 has of its own.
    const where = table === 'restart' ? `WHERE t.name <> 'server'` : ''
    const found = await sql(
      `SELECT s.selector, ${names} FROM ${table} t JOIN selectors s ON s.${key} = t.${key} ${where}`,
    )
    rows[table] = found.map((row) => JSON.stringify(row)).sort()
  }
  return rows
}

describe.skipIf(programs === undefined)('Between servers of different major versions', () => {
  let urls: Readonly<Record<Place, string>>
  beforeAll(async () => {
    const server = await startOwnServer({ programs })
    urls = { packaged: inject('serverUrl'), installed: server.url }
    return () => server[Symbol.asyncDispose]()
  })
  const database = (place: Place, version: SchemaVersion, encoding: Encoding) =>
    databaseWithTables(urls[place], version, encoding)

  describe.each(directions)('%s', (direction) => {
    const [from, into] = placesOf(direction)

    it.each(encodingsOf(direction))(
      'rows of %s are the same in %s, and again on the way back',
      async (source, target) => {
        const v1 = untilTestEnds(await database(from, 'V1', source))
        const v2 = untilTestEnds(await database(into, 'V2', target))
        await addRows(v1, source === 'LATIN1' ? texts : [...texts, ...others])
        expect(await runCopy(v1, v2)).toMatchObject({ problems: [], warnings: [] })
        const done = await runCopy(v1, v2, { mode: 'execute', freeze: true })
        expect(done).toMatchObject({ committed: true, problems: [] })
        const majors = [done.versions.source, done.versions.target].map(({ postgresql }) =>
          Number.parseInt(postgresql, 10),
        )
        expect(new Set(majors).size).toBe(2)
        const rows = await rowsOf(v1, 'V1')
        expect(await rowsOf(v2, 'V2')).toEqual(rows)
        expect(await runCopy(v1, v2, { mode: 'verify-only' })).toMatchObject({ problems: [] })

        const home = untilTestEnds(await database(from, 'V1', source === 'LATIN1' ? 'UTF8' : source))
        const back = { back: true, freeze: true } as const
        expect(await runCopy(v2, home, { ...back, mode: 'execute' })).toMatchObject({ committed: true, problems: [] })
        expect(await rowsOf(home, 'V1')).toEqual(rows)
        expect(await runCopy(v2, home, { ...back, mode: 'verify-only' })).toMatchObject({ problems: [] })
        await home.sql(`UPDATE sipcalls SET username = username || 'x' WHERE rowid = 1`)
        expect((await runCopy(v2, home, { ...back, mode: 'verify-only' })).problems).toHaveLength(1)
      },
    )

    it('a database of version 2 in LATIN1 is copied back', async () => {
      const v2 = untilTestEnds(await database(from, 'V2', 'LATIN1'))
      const home = untilTestEnds(await database(into, 'V1', 'UTF8'))
      await v2.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'é')`)
      await v2.sql(`INSERT INTO data (selector, name, value) VALUES ('é', 'ü', repeat('ß', 255))`)
      expect(await runCopy(v2, home, { back: true, mode: 'execute' })).toMatchObject({ committed: true, problems: [] })
      expect(await home.sql('SELECT name, value FROM data')).toEqual([['ü', 'ß'.repeat(255)]])
      expect(await runCopy(v2, home, { back: true, mode: 'verify-only' })).toMatchObject({ problems: [] })
    })
  })

  it(`any dirty database is copied, and what was copied is copied back (${times(60, 1)} databases)`, async () => {
    const of = fc.record({
      dirty: dirtyDatabase,
      direction: fc.constantFrom(...directions),
      source: fc.constantFrom<Encoding[]>('UTF8', 'LATIN1', 'SQL_ASCII'),
      home: fc.constantFrom<Encoding[]>('UTF8', 'SQL_ASCII'),
    })
    const property = fc.asyncProperty(of, async ({ dirty, direction, source, home }) => {
      const [from, into] = placesOf(direction)
      await using v1 = await database(from, 'V1', source)
      await using v2 = await database(into, 'V2', dirty.target)
      await using again = await database(from, 'V1', home)
      await fill(v1, { ...dirty, source })
      for (const [one, other, back] of [
        [v1, v2, false],
        [v2, again, true],
      ] as const) {
        const options = { invalidBytes: dirty.invalidBytes, back }
        expect(await executeAccepting(one, other, options)).toMatchObject({ committed: true, problems: [] })
        expect(await runCopy(one, other, { ...options, mode: 'verify-only' })).toMatchObject({ problems: [] })
      }
    })
    await fc.assert(property, { numRuns: times(60, 1), endOnFailure: true })
  }, 3_600_000)
})
