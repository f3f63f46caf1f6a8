import { sql } from 'drizzle-orm'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors/problem.ts'

/**
 * Resolves SIPIS_TIME_ZONE in the list of the server, because other lists, such as Node's, may differ. Accepts only names that are
 * unambiguous: AT TIME ZONE prefers an abbreviation to a zone of the same name (CET has no summer time), and reads an offset as
 * POSIX does (+02:00 lies west of Greenwich).
 *
 * @returns the name as pg_timezone_names spells it; case does not matter
 * @throws Problem for every other name
 */
export async function findTimeZone(database: Database, name: string): Promise<string> {
  if (name.toUpperCase() === 'UTC') return 'UTC'
  const [found] = await database.query(sql`SELECT
    (SELECT min(name) FROM pg_timezone_names WHERE lower(name) = lower(${name}::text)),
    EXISTS (SELECT FROM pg_timezone_abbrevs WHERE lower(abbrev) = lower(${name}::text))`)
  const [zone, isAbbreviation] = found ?? []
  if (isAbbreviation === 't')
    throw refused(name, 'an abbreviation: in PostgreSQL it is a fixed offset without summer time')
  if (zone != null) return zone
  if (/^[^/]*\d/.test(name)) throw refused(name, 'an offset, whose sign PostgreSQL inverts')
  throw refused(name, 'not in pg_timezone_names of the server')
}

function refused(name: string, why: string): Problem {
  return new Problem(
    `SIPIS_TIME_ZONE is ${JSON.stringify(name)}, which is ${why}. Name a zone by its place, e.g. Europe/Prague, or UTC.`,
  )
}
