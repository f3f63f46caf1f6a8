/** Queries of the benchmark, independent of the API of a contender. */
export const queryNames = [
  'history',
  'list',
  'missed',
  'caller',
  'firstPage',
  'deepPage',
  'tiny',
  'nodes',
  'changes',
] as const
export type QueryName = (typeof queryNames)[number]
export type Schema = 'v1' | 'v2'

/** Parameters of a query; each query uses some of them. */
export interface Question {
  readonly selector: string
  readonly selectors: readonly string[]
  readonly username: string
  /** RFC 3339. */
  readonly since: string
  /** A cursor or token of the same contender; null for the first page. */
  readonly after: string | null
}

export interface Answer {
  /** Equal for all correct contenders. */
  readonly rows: unknown
  readonly endCursor?: string | null
}

export interface Operation {
  readonly text: string
  variables(question: Question): Readonly<Record<string, unknown>>
  /** Extracts the rows from the contender's `data`. Throws if it has another shape. */
  read(data: unknown): Answer
}

/** Why a contender is not asked for what is new. */
export const noChanges = 'it has nothing that tells what is new'

/** The requests to a contender, or the reason why it does not support a query. */
export type Dialect = Readonly<Record<QueryName, Operation | string>>
