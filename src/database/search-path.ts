import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'

/** pg_temp is listed so that it comes last: if not listed, it is searched for types and tables before pg_catalog. */
const pinned = 'pg_catalog, pg_temp'
/** Custom session variable. PostgreSQL accepts any name with a dot. */
const schemasVariable = 'sipis_gateway.schemas'

/**
 * Sets the search_path of a session to pg_catalog alone, and saves the schemas of its own search_path for `searchedSchemas`. A function
 * or operator in another schema takes precedence over PostgreSQL's own if its argument types match better, so a role that may create in
 * a schema of the search_path could run code inside the gateway's statements. Tables are therefore qualified with their schemas.
 *
 * Names in this statement itself are qualified, too. A session of a connection pooler may be pinned already.
 */
export const pinSearchPath = `
  SELECT pg_catalog.set_config('${schemasVariable}', pg_catalog.current_schemas(false)::pg_catalog.text, false)
    WHERE pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.<>) '${pinned}';
  SELECT pg_catalog.set_config('search_path', '${pinned}', false);`

/** The same for one transaction, as items of a SELECT list. Behind a pooler, each transaction starts with the role's search_path. */
export const pinSearchPathLocally = [
  `pg_catalog.set_config('${schemasVariable}', pg_catalog.current_schemas(false)::pg_catalog.text, true)`,
  `pg_catalog.set_config('search_path', '${pinned}', true)`,
]

/** The existing schemas of the search_path before it was pinned, in order, as name[]. */
export const searchedSchemas: SQL = sql.raw(
  `coalesce(nullif(current_setting('${schemasVariable}', true), '')::name[], current_schemas(false))`,
)
