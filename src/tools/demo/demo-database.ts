import type { Database } from '../../database/database.ts'
import { openEmbedded, startEmbedded } from '../../database/embedded.ts'
import type { Contents } from '../../database/snapshot.ts'
import { emptyTables } from '../../sipis/migrations.ts'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import { copyStatement, copyText } from './copy-text.ts'
import { dataSet, newest } from './data-set.ts'
import type { DataSetOptions } from './options.ts'
import { defaultDataSet } from './options.ts'

const demoOptions: DataSetOptions = { ...defaultDataSet, selectors: 60, accounts: true }

/**
 * Opens an embedded in-memory database with the demo data set. Close it after use.
 *
 * @param upTo the newest time in it, instead of that of the data set, which is the same everywhere
 */
export async function openDemo(version: SchemaVersion, { upTo }: { readonly upTo?: Date } = {}): Promise<Database> {
  const server = await startEmbedded(demoContents(version))
  if (upTo !== undefined) for (const statement of shifts(upTo.getTime() - newest)) await server.exec(statement)
  return openEmbedded(server)
}

const times: Readonly<Record<string, readonly string[]>> = {
  selectors: ['lastseen'],
  tokens: ['lastseen'],
  sipcalls: ['time'],
  siptextmessages: ['time'],
  pushtests: ['started', 'concluded'],
}

function shifts(ms: number): string[] {
  return Object.entries(times).map(([table, columns]) => {
    const values = columns.map((column) => `${column} = ${column} + interval '${Math.floor(ms / 1_000)} seconds'`)
    return `UPDATE ${table} SET ${values.join(', ')}`
  })
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
