import { isObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/graph/schema.ts'
import type { Projection } from '../../src/sipis/projection.ts'
import { noKeys } from '../../src/sipis/unique-keys.ts'
import { projectionOf } from '../../src/sipis/versions.ts'

/** Types that expose the rows of each kind. */
const types: Readonly<Record<Exclude<keyof Projection, 'version' | 'keyArray'>, readonly string[]>> = {
  selectors: ['Selector'],
  tokens: ['Token'],
  calls: ['Call', 'SipAddress'],
  messages: ['Message', 'SipAddress'],
  pushTests: ['PushTest'],
  settings: ['Setting'],
  servers: ['Selector'],
}

/** Columns that are read for ids, cursors, joins and limits. */
const internal = ['key', 'exact', 'rowid', 'startedLocal', 'headersBytes', 'bodyBytes']

/** Columns whose field has another name. */
const renamed: Readonly<Record<string, string>> = { 'selectors.selector': 'name' }

const fieldsOf = (name: string) => {
  const type = schema.getType(name)
  return isObjectType(type) ? Object.keys(type.getFields()) : []
}

describe.each(Object.entries(types))('The columns of %s', (kind, names) => {
  it('are all exposed by the API, or listed with another purpose', () => {
    const reading = { encoding: 'UTF8', timeZone: 'UTC', schemas: new Map(), keys: noKeys }
    const projection: Readonly<Record<string, unknown>> = { ...projectionOf('V2', reading) }
    const rows = projection[kind]
    const columns =
      typeof rows === 'object' && rows !== null && 'columns' in rows ? Object.keys(Object(rows.columns)) : []
    const shown = new Set([...names.flatMap(fieldsOf), ...internal])
    expect(columns.length).toBeGreaterThan(1)
    expect(columns.filter((column) => !shown.has(renamed[`${kind}.${column}`] ?? column))).toEqual([])
  })
})
