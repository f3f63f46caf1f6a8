/** SIPIS_SCHEMA=v1 or v2 (the default) picks the tables that drizzle-kit works on. */
import { defineConfig } from 'drizzle-kit'

const version = process.env['SIPIS_SCHEMA'] ?? 'v2'
if (version !== 'v1' && version !== 'v2') {
  throw new Error(`SIPIS_SCHEMA is "${version}"; set it to v1 or v2.`)
}

export default defineConfig({
  dialect: 'postgresql',
  schema: `./src/versions/${version}/tables.ts`,
  out: `./drizzle/${version}`,
})
