/** The projection and the tables of each schema version. */
import type { Projection, ProjectionOptions } from './projection.ts'
import type { SchemaVersion } from './schema-version.ts'
import { schemaVersions } from './schema-version.ts'
import type { TableDescription } from './tables.ts'
import { describeTables, required, servers, settings, unpublished } from './tables.ts'
import { noKeys } from './unique-keys.ts'
import { v1Projection } from './v1/projection.ts'
import * as v1 from './v1/tables.ts'
import { v2Projection } from './v2/projection.ts'
import * as v2 from './v2/tables.ts'

const projections: Readonly<Record<SchemaVersion, (options: ProjectionOptions) => Projection>> = {
  V1: v1Projection,
  V2: v2Projection,
}

export function projectionOf(version: SchemaVersion, options: ProjectionOptions): Projection {
  return projections[version](options)
}

/** Arbitrary: which columns are read does not depend on it. */
const anyOptions: ProjectionOptions = { encoding: 'UTF8', timeZone: 'UTC', schemas: new Map(), keys: noKeys }

const { sipmessagesRowidSeq: _, ...v1Tables } = v1

const common = {
  selectors: required,
  tokens: required,
  sipcalls: required,
  siptextmessages: required,
  pushtests: required,
  data: settings,
  restart: servers,
}

export const describedTables: Readonly<Record<SchemaVersion, readonly TableDescription[]>> = {
  // SIPIS 4 also runs on v1, and may add its tableversions; init does not.
  V1: describeTables({ ...v1Tables, tableversions: v2.tableversions }, v1Projection(anyOptions), {
    ...common,
    remoteagents: unpublished,
    tableversions: unpublished,
  }),
  V2: describeTables({ ...v2 }, v2Projection(anyOptions), {
    ...common,
    badge: unpublished,
    tableversions: unpublished,
  }),
}

/** Every table of SIPIS in any version. */
export const tableNames = [
  ...new Set(schemaVersions.flatMap((version) => describedTables[version].map(({ name }) => name))),
]
