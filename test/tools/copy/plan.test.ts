import { describe, expect, it } from 'vitest'
import { describedTables } from '../../../src/sipis/versions.ts'
import { copiedTables, copyPlan } from '../../../src/tools/copy/plan/plan.ts'

const plan = copyPlan({ encoding: 'UTF8', missedReason: 'Missed', schemas: new Map(), used: new Map() })
const published = (version: 'V1' | 'V2') => describedTables[version].filter((table) => table.published)

describe('The plan of a copy', () => {
  it('has every table that both versions have and whose columns are published', () => {
    const both = published('V1').filter(({ name }) => published('V2').some((table) => table.name === name))
    expect(plan.map(({ name }) => name)).toEqual(both.map(({ name }) => name))
    expect(copiedTables).toEqual(plan.map(({ name }) => name))
  })

  it.each(plan)('reads every column of $name in v1', (table) => {
    const columns = published('V1').find(({ name }) => name === table.name)?.columns ?? []
    const text = JSON.stringify(table).replaceAll('\\"', '"')
    // The server of a restart entry becomes an entry of its own.
    const read = (column: string) => text.includes(`"${table.name}"."${column}"`) || text.includes(`s.${column}`)
    expect(columns.filter((column) => !read(column))).toEqual([])
  })
})
