import type { Order } from '../loaders/keyset.ts'
import type { Rows } from '../versions/projection.ts'
import { builder } from './builder.ts'

export type TimeOrderValue = 'NEWEST_FIRST' | 'OLDEST_FIRST'

export const TimeOrder = builder.enumType('TimeOrder', {
  description: 'How rows that have a time are sorted; rows of one instant keep a fixed order among themselves.',
  values: {
    NEWEST_FIRST: { description: 'The latest first.' },
    OLDEST_FIRST: { description: 'The earliest first.' },
  } as const,
})

export function timeOrder<Row>(tag: string, rows: Rows<Row>, order: TimeOrderValue | null | undefined): Order<Row> {
  return { tag, columns: rows.order, descending: order !== 'OLDEST_FIRST' }
}
