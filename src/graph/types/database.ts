import type { FieldExtensions } from '../../documents/list-size.ts'
import type { Detected } from '../../sipis/detect.ts'
import { versionValues } from '../../sipis/schema-version.ts'
import type { TableVersion } from '../../sipis/table-versions.ts'
import { maxTableVersions, readTableVersions } from '../../sipis/table-versions.ts'
import { builder } from '../builder.ts'
import { nullOnError } from '../semantic-non-null.ts'

const SchemaVersion = builder.enumType('SchemaVersion', {
  description:
    'Version of the SIPIS database schema, detected from its tables and columns. Values may be added: treat a value that your client ' +
    'does not know as a newer version.',
  values: versionValues,
})

const TableVersionType = builder.objectRef<TableVersion>('TableVersion').implement({
  description: 'A row of the SIPIS table `tableversions`.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name of the table, e.g. sipcalls.' }),
    version: t.exposeString('version', { description: 'Version of the table, as stored.' }),
  }),
})

const DatabaseType = builder.objectRef<Detected>('Database').implement({
  description: 'The database behind this gateway, as detected when the gateway started.',
  fields: (t) => ({
    schemaVersion: t.field({
      type: SchemaVersion,
      description: 'Version of the SIPIS schema.',
      resolve: ({ version }) => version,
    }),
    serverVersion: t.exposeString('serverVersion', { description: 'Version of the PostgreSQL server, e.g. 17.2.' }),
    encoding: t.exposeString('encoding', { description: 'Encoding of the database, e.g. UTF8 or SQL_ASCII.' }),
    tableVersions: t.field({
      type: [TableVersionType],
      extensions: { listSize: () => maxTableVersions, assumedSize: maxTableVersions } satisfies FieldExtensions,
      description: `Table versions that SIPIS records, at most ${maxTableVersions}; empty if the table is missing or has an unknown form.`,
      resolve: (detected, _, { database }) => readTableVersions(database, detected),
    }),
  }),
})

builder.queryField('database', (t) =>
  t.field({
    type: DatabaseType,
    ...nullOnError,
    description: 'The database behind this gateway.',
    resolve: (_, __, { detected }) => detected,
  }),
)
