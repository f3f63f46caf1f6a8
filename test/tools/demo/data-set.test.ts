import { describe, expect, it } from 'vitest'
import { schemaVersions } from '../../../src/sipis/schema-version.ts'
import { describedTables } from '../../../src/sipis/versions.ts'
import { dataSet } from '../../../src/tools/demo/data-set.ts'
import { defaultDataSet } from '../../../src/tools/demo/options.ts'

/** Its columns are unpublished. */
const leftOut = ['tableversions']

describe.each(schemaVersions)('The demo data set in schema %s', (version) => {
  const tables = dataSet(version, { ...defaultDataSet, selectors: 3, accounts: true })

  it('has rows for every table that is served', () => {
    const served = describedTables[version].filter((table) => table.served && !leftOut.includes(table.name))
    const names = tables.map(({ name }) => name)
    expect(served.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([])
    for (const { name, rows } of tables) expect([name, rows > 0]).toEqual([name, true])
  })

  it.each(tables)('fills every column of $name', ({ name, columns, rowsOf }) => {
    const made = describedTables[version].find((table) => table.name === name)?.columns ?? []
    expect(columns.toSorted()).toEqual(made.toSorted())
    for (const row of rowsOf(1)) expect(row).toHaveLength(columns.length)
  })
})
