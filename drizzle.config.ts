/** SIPIS_SCHEMA=v1 or v2 (the default) picks the tables that drizzle-kit works on. */
import { defineConfig } from 'drizzle-kit'
import { newestVersion, schemaVersions } from './src/sipis/schema-version.ts'

const names = schemaVersions.map((version) => version.toLowerCase())
const version = process.env['SIPIS_SCHEMA'] ?? newestVersion.toLowerCase()
if (!names.includes(version)) throw new Error(`SIPIS_SCHEMA is "${version}"; set it to one of ${names.join(', ')}.`)

export default defineConfig({
  dialect: 'postgresql',
  schema: `./src/sipis/${version}/tables.ts`,
  out: `./drizzle/${version}`,
})
