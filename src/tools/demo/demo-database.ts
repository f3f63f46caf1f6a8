import type { Database } from '../../database/database.ts'
import { openEmbedded, startEmbedded } from '../../database/embedded.ts'
import type { Contents } from '../../database/snapshot.ts'
import { emptyTables } from '../../sipis/migrations.ts'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import { copyStatement, copyText } from './copy-text.ts'
import { dataSet } from './data-set.ts'
import type { DataSetOptions } from './options.ts'
import { defaultDataSet } from './options.ts'

const demoOptions: DataSetOptions = { ...defaultDataSet, selectors: 60 }

/** Opens an embedded in-memory database with the demo data set. Close it after use. */
export async function openDemo(version: SchemaVersion): Promise<Database> {
  return openEmbedded(await startEmbedded(demoContents(version)))
}

/** The demo data set. */
export function demoContents(version: SchemaVersion): Contents {
  const tables = dataSet(version, demoOptions).map((table) => ({
    name: table.name,
    statement: copyStatement(table, "'/dev/blob'"),
    text: [...copyText(table, demoOptions.selectors)].join(''),
  }))
  return {
    name: `demo-${version.toLowerCase()}`,
    inputs: tables.flatMap(({ statement, text }) => [statement, text]),
    base: emptyTables(version),
    async fill(server) {
      for (const { statement, text } of tables) await server.query(statement, [], { blob: new Blob([text]) })
      await server.exec(`ANALYZE ${tables.map(({ name }) => name).join(', ')}`)
    },
  }
}
