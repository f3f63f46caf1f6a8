import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inZone } from '../../src/sipis/columns.ts'
import { findTimeZone } from '../../src/sipis/time-zone.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'

const tried = backends.filter(({ name }) => ['PostgreSQL, V2, UTF8', 'PGlite, V2'].includes(name))

/** Winter and summer of both hemispheres, present and historical offsets, and the hours around a clock change. */
const moments = [
  '1930-01-15 12:00:00',
  '1999-07-15 12:00:00.123456',
  '2026-01-15 12:00:00',
  '2026-03-29 02:30:00',
  '2026-07-15 12:00:00',
  '2026-10-25 02:30:00',
]

describe.each(tried)('SIPIS_TIME_ZONE over $name', ({ open }) => {
  let opened: Opened

  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  it('accepts every time zone name of the server that is not also an abbreviation, with the same meaning as in a session', async () => {
    const { database } = opened
    const names = (await opened.sql('SELECT name FROM pg_timezone_names ORDER BY 1')).map(([name]) => String(name))
    const abbreviations = new Set((await opened.sql('SELECT lower(abbrev) FROM pg_timezone_abbrevs')).flat())
    expect(names.length).toBeGreaterThan(400)
    const differing: string[] = []
    const zones = names.filter((name) => name === 'UTC' || !abbreviations.has(name.toLowerCase()))
    const list = sql.param(moments)
    const inZones = zones.map(
      (zone) =>
        sql`(SELECT array_agg(${inZone(sql`m`, zone)} ORDER BY m)::text FROM unnest(${list}::timestamp[]) AS m)`,
    )
    for (let from = 0; from < zones.length; from += 100) {
      const [row = []] = await database.query(sql`SELECT ${sql.join(inZones.slice(from, from + 100), sql`, `)}`)
      for (const [index, found] of [...row].entries()) {
        const zone = zones[from + index] ?? ''
        const [[right] = []] = await opened.sql(
          `SELECT array_agg(l.moment::timestamptz AT TIME ZONE 'UTC' ORDER BY l.moment)::text
            FROM (SELECT set_config('TimeZone', $1, true)) AS s, LATERAL (SELECT m::timestamp AS moment FROM unnest($2::text[]) AS m
              WHERE s IS NOT NULL OFFSET 0) AS l`,
          [zone, moments],
        )
        if (found?.replaceAll('+00', '') !== right) differing.push(`${zone}: ${found} is ${right}`)
      }
    }
    expect(differing).toEqual([])
  })

  it.each([
    ['utc', 'UTC'],
    ['Europe/Prague', 'Europe/Prague'],
    ['europe/prague', 'Europe/Prague'],
    ['Etc/GMT+2', 'Etc/GMT+2'],
    ['EST5EDT', 'EST5EDT'],
  ])('%s resolves to %s', async (given, name) => {
    expect(await findTimeZone(opened.database, given)).toBe(name)
  })

  it.each([
    ['CET', /an abbreviation/],
    ['met', /an abbreviation/],
    ['EET', /an abbreviation/],
    ['IST', /an abbreviation/],
    ['+02:00', /an offset/],
    ['-5', /an offset/],
    ['UTC+2', /an offset/],
    ['CET-1CEST', /an offset/],
    ['<+02>-2', /an offset/],
    ['Europe', /not in pg_timezone_names/],
    ['Mars', /not in pg_timezone_names/],
    [' Europe/Prague', /not in pg_timezone_names/],
    ['%', /not in pg_timezone_names/],
    ["Europe/Prague'", /not in pg_timezone_names/],
  ])('%s is rejected with the name of the setting, the reason and an example', async (given, reason) => {
    const refusal = await findTimeZone(opened.database, given).catch(String)
    expect(refusal).toMatch(reason)
    expect(refusal).toMatch(/SIPIS_TIME_ZONE .*e\.g\. Europe\/Prague/)
  })
})
