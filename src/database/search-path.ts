import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'

/** pg_temp is named so that it comes last: unnamed it would be searched for types and tables before pg_catalog. */
const pinned = 'pg_catalog, pg_temp'
/** A variable of the session, made up here: PostgreSQL keeps any name with a dot. */
const remembered = 'sipis_gateway.schemas'

/**
 * Makes a session search pg_catalog alone, and keeps the schemas of its own search_path for `searchedSchemas`. A function or
 * operator in another schema wins over PostgreSQL's own where its argument types match better: a role that may create in a schema
 * of the search_path could run code inside the gateway's statements. Tables are therefore named with their schemas.
 *
 * Until it has run, names must bear their schema. A session that a connection pooler hands over may be pinned already.
 */
export const pinSearchPath = `
  SELECT pg_catalog.set_config('${remembered}', pg_catalog.current_schemas(false)::pg_catalog.text, false)
    WHERE pg_catalog.current_setting('search_path') OPERATOR(pg_catalog.<>) '${pinned}';
  SELECT pg_catalog.set_config('search_path', '${pinned}', false);`

/** The same for one transaction, as the items of a SELECT list. Behind a pooler each transaction begins with the role's search_path. */
export const pinSearchPathLocally = [
  `pg_catalog.set_config('${remembered}', pg_catalog.current_schemas(false)::pg_catalog.text, true)`,
  `pg_catalog.set_config('search_path', '${pinned}', true)`,
]

/** The existing schemas of the search_path that the session had before it was pinned, in their order, as name[]. */
export const searchedSchemas: SQL = sql.raw(
  `coalesce(nullif(current_setting('${remembered}', true), '')::name[], current_schemas(false))`,
)
