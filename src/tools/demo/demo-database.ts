import type { Database } from '../../database/database.ts'
import { openEmbedded, startEmbedded } from '../../database/embedded.ts'
import { migrateEmbedded } from '../../sipis/migrations.ts'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import { copyStatement, copyText } from './copy-text.ts'
import { dataSet } from './data-set.ts'
import type { DataSetOptions } from './options.ts'
import { defaultDataSet } from './options.ts'

const demoOptions: DataSetOptions = { ...defaultDataSet, selectors: 60 }

/** Opens an embedded in-memory database with the demo data set. Close it after use. */
export async function openDemo(version: SchemaVersion, options: DataSetOptions = demoOptions): Promise<Database> {
  const server = await startEmbedded()
  await migrateEmbedded(server, version)
  for (const table of dataSet(version, options)) {
    const blob = new Blob([...copyText(table, options.selectors)])
    await server.query(copyStatement(table, "'/dev/blob'"), [], { blob })
  }
  await server.exec(
    `ANALYZE ${dataSet(version, options)
      .map(({ name }) => name)
      .join(', ')}`,
  )
  return openEmbedded(server)
}
