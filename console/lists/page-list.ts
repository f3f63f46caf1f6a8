/** A list that is read page by page. */

export interface Item {
  readonly id: string
  readonly time?: string
}

export interface List<Of extends Item> {
  readonly items: readonly Of[]
  readonly cursor: string | null
  readonly hasMore: boolean
}

export interface Page<Of> {
  readonly nodes: readonly Of[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null }
}

export function listOf<Of extends Item>({ nodes, pageInfo }: Page<Of>): List<Of> {
  return { items: nodes, cursor: pageInfo.endCursor ?? null, hasMore: pageInfo.hasNextPage }
}

/** The list with its next page. */
export function continued<Of extends Item>(list: List<Of>, page: Page<Of>): List<Of> {
  const next = listOf(page)
  return { ...next, items: [...list.items, ...next.items], cursor: next.cursor ?? list.cursor }
}

/**
 * The list after its first page was read again: what is new is added, and what is missing in the span of the page was deleted. What is
 * older stays.
 */
export function refreshed<Of extends Item>(list: List<Of>, page: Page<Of>): List<Of> {
  const next = listOf(page)
  const last = next.items.at(-1)
  if (last === undefined || !next.hasMore) return next
  const known = new Set(next.items.map(({ id }) => id))
  const older = list.items.filter(({ id, time }) => !known.has(id) && (time ?? '') <= (last.time ?? ''))
  if (older.length === 0) return next
  return { items: [...next.items, ...older], cursor: list.cursor, hasMore: list.hasMore }
}
