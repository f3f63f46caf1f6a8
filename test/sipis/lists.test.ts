import { describe, expect, it } from 'vitest'
import { assumptions } from '../../src/sipis/duplicates.ts'
import { wantedIndexes } from '../../src/sipis/indexes.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import { describedTables } from '../../src/sipis/versions.ts'

/** Settings and entries of restart have no ids and are few per selector; tableversions is read completely. */
const leftOut = ['data', 'restart', 'tableversions']

describe.each(schemaVersions)('For each served table of schema %s', (version) => {
  const served = describedTables[version].filter((table) => table.served && !leftOut.includes(table.name))

  it.each(served)('check knows the indexes that readers need: $name', ({ name, columns }) => {
    const wanted = wantedIndexes[version].filter(({ table }) => table === name)
    expect(wanted).not.toEqual([])
    const named = wanted.flatMap((index) => index.columns).filter((column) => !column.startsWith('('))
    expect(columns).toEqual(expect.arrayContaining(named))
  })

  it.each(served)('check knows the columns that identify a row: $name', ({ name, columns }) => {
    const assumed = assumptions[version].filter(({ table }) => table === name)
    expect(assumed).not.toEqual([])
    expect(columns).toEqual(expect.arrayContaining(assumed.flatMap((assumption) => assumption.columns)))
  })
})
