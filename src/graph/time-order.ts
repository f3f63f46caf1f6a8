import type { OrderName } from '../loaders/cursor.ts'
import type { Order } from '../loaders/keyset.ts'
import type { Rows } from '../sipis/projection.ts'
import { builder } from './builder.ts'

export type TimeOrderValue = 'NEWEST_FIRST' | 'OLDEST_FIRST'

export const TimeOrder = builder.enumType('TimeOrder', {
  description: 'Sort order by time. Items with equal times keep a stable order.',
  values: {
    NEWEST_FIRST: { description: 'Latest first.' },
    OLDEST_FIRST: { description: 'Earliest first.' },
  } as const,
})

export function timeOrder<Row>(name: OrderName, rows: Rows<Row>, order: TimeOrderValue | null | undefined): Order<Row> {
  return { name, columns: rows.order, descending: order !== 'OLDEST_FIRST' }
}
