/** What there is of each schema version. */
import type { Projection, Reading } from './projection.ts'
import type { SchemaVersion } from './schema-version.ts'
import { schemaVersions } from './schema-version.ts'
import type { TableDescription } from './tables.ts'
import { describeTables, internal, required, settings, unpublished } from './tables.ts'
import { noKeys } from './unique-keys.ts'
import { v1Projection } from './v1/projection.ts'
import * as v1 from './v1/tables.ts'
import { v2Projection } from './v2/projection.ts'
import * as v2 from './v2/tables.ts'

const projections: Readonly<Record<SchemaVersion, (reading: Reading) => Projection>> = {
  V1: v1Projection,
  V2: v2Projection,
}

export function projectionOf(version: SchemaVersion, reading: Reading): Projection {
  return projections[version](reading)
}

/** Any: readers read the same columns however a database is encoded. */
const reading: Reading = { encoding: 'UTF8', timeZone: 'UTC', schemas: new Map(), keys: noKeys }

const { sipmessagesRowidSeq: _, ...v1Tables } = v1

const common = {
  selectors: required,
  tokens: required,
  sipcalls: required,
  siptextmessages: required,
  pushtests: required,
  data: settings,
  restart: internal,
}

export const describedTables: Readonly<Record<SchemaVersion, readonly TableDescription[]>> = {
  // SIPIS 4 also runs on v1, and may bring its tableversions along; init makes none there.
  V1: describeTables({ ...v1Tables, tableversions: v2.tableversions }, v1Projection(reading), {
    ...common,
    remoteagents: unpublished,
    tableversions: unpublished,
  }),
  V2: describeTables({ ...v2 }, v2Projection(reading), { ...common, badge: unpublished, tableversions: unpublished }),
}

/** Every table of SIPIS in any version. */
export const tableNames = [
  ...new Set(schemaVersions.flatMap((version) => describedTables[version].map(({ name }) => name))),
]
