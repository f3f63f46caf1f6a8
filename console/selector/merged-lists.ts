/** Merges the lists of a selector into one order. A list that has more hides what other lists have before its last item. */

export interface Item {
  readonly id: string
  readonly time: string
}

export interface List<Of extends Item> {
  readonly items: readonly Of[]
  readonly cursor: string | null
  readonly hasMore: boolean
}

interface Page<Of> {
  readonly nodes: readonly Of[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

export function listOf<Of extends Item>({ nodes, pageInfo }: Page<Of>): List<Of> {
  return { items: nodes, cursor: pageInfo.endCursor, hasMore: pageInfo.hasNextPage }
}

/** The list with its next page. A page without items has no cursor, so the last one stays. */
export function continued<Of extends Item>(list: List<Of>, page: Page<Of>): List<Of> {
  const next = listOf(page)
  return { ...next, items: [...list.items, ...next.items], cursor: next.cursor ?? list.cursor }
}

/** The list after its first page was read again. What is older than that page stays. */
export function refreshed<Of extends Item>(list: List<Of>, page: Page<Of>): List<Of> {
  const next = listOf(page)
  const last = next.items.at(-1)
  if (last === undefined || !next.hasMore) return next
  const known = new Set(next.items.map(({ id }) => id))
  const older = list.items.filter(({ id, time }) => !known.has(id) && time <= last.time)
  if (older.length === 0) return next
  return { items: [...next.items, ...older], cursor: list.cursor, hasMore: list.hasMore }
}

/** Newest first; only as far as every list was read. Times of one form are compared as texts, which keeps microseconds. */
export function merged<Of extends Item>(lists: readonly List<Of>[]): readonly Of[] {
  const ends = lists.flatMap(({ hasMore, items }) => (hasMore ? [items.at(-1)?.time ?? ''] : []))
  const end = ends.sort().at(-1) ?? ''
  const items = lists.flatMap((list) => list.items).filter(({ time }) => time >= end)
  return items.sort((one, other) => (one.time < other.time ? 1 : one.time > other.time ? -1 : 0))
}
