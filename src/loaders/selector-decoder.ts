import type { Values } from '../database/database.ts'
import { decoder } from '../sipis/columns.ts'
import type { Projection, SelectorRow } from '../sipis/projection.ts'
import type { Usage } from './usage.ts'

/** Decodes a selector and records it in the usage for the audit log. */
export function selectorDecoder({ selectors }: Projection) {
  const decode = decoder(selectors.columns)
  return (values: Values, offset: number, usage: Usage): SelectorRow => {
    const row = decode(values, offset, null)
    usage.selectors.add(row.selector)
    return row
  }
}
