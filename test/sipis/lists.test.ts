import type { SQL } from 'drizzle-orm'
import { Column, is } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { assumptions } from '../../src/sipis/duplicates.ts'
import { columnsOf, wantedIndexes } from '../../src/sipis/indexes.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import { describedTables, projectionOf } from '../../src/sipis/versions.ts'

/** Databases have the vendor's keys: an order has no more columns than it needs. */
const options = {
  encoding: 'UTF8',
  timeZone: 'UTC',
  schemas: new Map(),
  keys: { ofTable: new Map([['selectors', [['id'], ['selector']]]]), withoutCtid: new Set<string>() },
}

/** The columns of an order, up to its first expression. */
function namesOf(order: readonly { readonly sql: SQL }[]): string[] {
  const names = order.map(({ sql }) => sql.queryChunks.find((chunk) => is(chunk, Column))?.name)
  const end = order.findIndex(({ sql }) => !sql.queryChunks.some((chunk) => is(chunk, Column)))
  return names.slice(0, end === -1 ? undefined : end).filter((name) => name !== undefined)
}

/** Settings and entries of restart have no ids and are few per selector; tableversions is read completely. */
const leftOut = ['data', 'restart', 'tableversions']

describe.each(schemaVersions)('For each served table of schema %s', (version) => {
  const served = describedTables[version].filter((table) => table.served && !leftOut.includes(table.name))

  it.each(served)('check knows the indexes that readers need: $name', ({ name, columns }) => {
    const wanted = wantedIndexes[version].filter(({ table }) => table === name)
    expect(wanted).not.toEqual([])
    const named = wanted.flatMap(columnsOf).filter((column) => !column.startsWith('('))
    expect(columns).toEqual(expect.arrayContaining(named))
  })

  it.each(served)('check knows the columns that identify a row: $name', ({ name, columns }) => {
    const assumed = assumptions[version].filter(({ table }) => table === name)
    expect(assumed).not.toEqual([])
    expect(columns).toEqual(expect.arrayContaining(assumed.flatMap((assumption) => assumption.columns)))
  })

  it('check knows an index for the order of each list', () => {
    const { selectors, tokens, calls, messages, pushTests } = projectionOf(version, options)
    const orders = {
      selectors: [selectors.order],
      tokens: [tokens.order],
      sipcalls: [calls.order],
      siptextmessages: [messages.order],
      pushtests: [pushTests.order, pushTests.byInstant],
    }
    for (const [table, ofTable] of Object.entries(orders)) {
      for (const order of ofTable) {
        const served = wantedIndexes[version].filter((index) => index.table === table && index.lookUp.length === 0)
        expect(served.map((index) => index.order)).toContainEqual(namesOf(order))
      }
    }
  })
})
