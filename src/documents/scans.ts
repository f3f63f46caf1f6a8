/** Which filters an index serves, and which need a scan of all rows. The indexes are in src/sipis/indexes.ts. */

interface Served {
  /** Filters that an index serves. A filter that is missing here is a scan. */
  readonly filters: ReadonlySet<string>
  /** Filters that an index serves only if the page has one of these orders, which is that of the index. */
  readonly inOrder?: { readonly filters: ReadonlySet<string>; readonly orders: ReadonlySet<unknown> }
}

const period = new Set(['since', 'until'])

/** By the name of the filter's type. A prefix is served only by an index of another operator class, which may be missing. */
const served: Readonly<Record<string, Served>> = {
  CallFilter: { filters: period },
  MessageFilter: { filters: period },
  PushTestFilter: { filters: new Set([...period, 'selectorName']) },
  TokenFilter: { filters: new Set(['appId']) },
  SelectorFilter: {
    filters: new Set(['suffix', 'appId']),
    inOrder: {
      filters: new Set(['lastSeenSince', 'lastSeenUntil']),
      orders: new Set(['LAST_SEEN_DESC', 'LAST_SEEN_ASC']),
    },
  },
}

/** Whether a page with this filter reads rows in addition to its own. */
export function isScan(filterType: string | undefined, filter: unknown, orderBy: unknown): boolean {
  if (filterType === undefined || typeof filter !== 'object' || filter === null) return false
  const { filters, inOrder } = served[filterType] ?? { filters: new Set() }
  return Object.entries(filter).some(([name, value]) => {
    if (!restricts(value) || filters.has(name)) return false
    return !(inOrder?.filters.has(name) && inOrder.orders.has(orderBy))
  })
}

/** Whether a condition matches less than everything. A nested filter does if one of its own conditions does. */
function restricts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value != null
  return Object.values(value).some(restricts)
}
