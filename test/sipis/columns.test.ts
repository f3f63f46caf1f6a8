import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { render } from '../../src/database/database.ts'
import { decoder, integer, nullableText, selectList, text, width } from '../../src/sipis/columns.ts'

describe('Columns with the same expression', () => {
  const name = sql.raw('name')
  const columns = { key: text(name), rowid: integer(sql.raw('rowid')), exact: text(name), shown: nullableText(name) }

  it('are selected once', () => {
    expect(render(selectList(columns)).text).toBe('name, rowid')
    expect(width(columns)).toBe(2)
  })

  it('have the same value', () => {
    const { key, rowid, exact, shown } = decoder(columns)(['-', 'a', '7'], 1, null)
    expect({ key, rowid, exact, shown }).toEqual({ key: 'a', rowid: 7, exact: 'a', shown: 'a' })
  })

  it('may differ in what they are compared with', () => {
    const differing = { one: text(sql`left(name, ${1})`), other: text(sql`left(name, ${2})`) }
    expect(width(differing)).toBe(2)
  })
})
