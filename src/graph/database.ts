import type { Detected } from '../versions/detect.ts'
import { versionValues } from '../versions/schema-version.ts'
import type { TableVersion } from '../versions/table-versions.ts'
import { readTableVersions } from '../versions/table-versions.ts'
import { builder } from './builder.ts'

const SchemaVersion = builder.enumType('SchemaVersion', {
  description: "The version of SIPIS's database schema, told by its columns.",
  values: versionValues,
})

const TableVersionType = builder.objectRef<TableVersion>('TableVersion').implement({
  description: "An entry of SIPIS's table tableversions.",
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The table.' }),
    version: t.exposeString('version', { description: 'Its version, as stored.' }),
  }),
})

const DatabaseType = builder.objectRef<Detected>('Database').implement({
  description: 'The database that is served, as it was when the gateway started.',
  fields: (t) => ({
    schemaVersion: t.field({
      type: SchemaVersion,
      description: 'Which of the two schemas it has.',
      resolve: ({ version }) => version,
    }),
    serverVersion: t.exposeString('serverVersion', { description: 'The version of PostgreSQL.' }),
    encoding: t.exposeString('encoding', { description: 'Its encoding, e.g. UTF8 or SQL_ASCII.' }),
    tableVersions: t.field({
      type: [TableVersionType],
      description:
        'What SIPIS says of the versions of its tables; empty where it says nothing in a form known here. At most 100.',
      resolve: (detected, _, { database }) => readTableVersions(database, detected),
    }),
  }),
})

builder.queryField('database', (t) =>
  t.field({ type: DatabaseType, description: 'What database is served.', resolve: (_, __, { detected }) => detected }),
)
