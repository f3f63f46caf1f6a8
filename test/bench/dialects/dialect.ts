/** What is asked, apart from how each contender wants to be asked it. */
export const queryNames = ['history', 'list', 'missed', 'caller', 'firstPage', 'deepPage', 'tiny', 'nodes'] as const
export type QueryName = (typeof queryNames)[number]
export type Schema = 'v1' | 'v2'

/** What a question is about; each query takes what it needs. */
export interface Question {
  readonly selector: string
  readonly selectors: readonly string[]
  readonly username: string
  /** RFC 3339. */
  readonly since: string
  /** A cursor that the same contender gave; null for the first page. */
  readonly after: string | null
}

export interface Answer {
  /** The same for every contender that is right. */
  readonly rows: unknown
  readonly endCursor?: string | null
}

export interface Operation {
  readonly text: string
  variables(question: Question): Readonly<Record<string, unknown>>
  /** From the contender's `data`. Fails where that has another shape. */
  read(data: unknown): Answer
}

/** How a contender is asked; a query that it cannot answer has the reason instead. */
export type Dialect = Readonly<Record<QueryName, Operation | string>>
