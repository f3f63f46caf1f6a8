/** Parameters of each query, and the cursors that a contender returns for them. */
import { selectorName } from '../../src/tools/demo/data-set.ts'
import { defaultDataSet } from '../../src/tools/demo/options.ts'
import type { Answer, Question } from './dialects/dialect.ts'
import type { Query } from './queries.ts'
import { sinceOf } from './queries.ts'

/** Large enough that no contender and no cache close to PostgreSQL sees the same parameters again soon. */
const inTurn = 1_000
/** Number of parameters that require a request of their own for a cursor. */
const pagesInTurn = 200
const listPages = 40
const groupSize = 100

export interface Subjects {
  readonly selectors: number
  readonly callers: readonly string[]
}

const nothing: Question = { selector: '', selectors: [], username: '', since: '', after: null }

/** Spread over the whole table. */
function nameOf(n: number, selectors: number): string {
  return selectorName(defaultDataSet.randomSeed, (n * 7919) % selectors)
}

export function questionsOf(query: Query, { selectors, callers }: Subjects): Question[] {
  const since = sinceOf(query)
  const count = (most: number) => Math.min(most, selectors)
  switch (query.questions) {
    case 'one':
      return [{ ...nothing, since }]
    case 'selectors':
      return Array.from({ length: count(query.paging === undefined ? inTurn : pagesInTurn) }, (_, n) => ({
        ...nothing,
        since,
        selector: nameOf(n, selectors),
      }))
    case 'groups':
      return Array.from({ length: 100 }, (_, group) => ({
        ...nothing,
        selectors: Array.from({ length: count(groupSize) }, (_, n) => nameOf(group * groupSize + n, selectors)),
      }))
    case 'callers':
      return callers.map((username) => ({ ...nothing, since, username }))
  }
}

/** Adds cursors to the parameters by requesting the preceding pages. */
export async function withCursors(
  query: Query,
  questions: readonly Question[],
  ask: (question: Question) => Promise<Answer>,
): Promise<Question[]> {
  const { paging } = query
  if (paging === undefined) return [...questions]
  const [first] = questions
  if (first === undefined) throw new Error(`There is nothing to ask for ${query.label}.`)
  if (paging === 'all in turn') return walk(first, listPages, ask)
  if (typeof paging === 'number') return (await walk(first, paging + 1, ask)).slice(-1)
  const seconds: Question[] = []
  // Sequential, because a gateway rejects concurrent requests beyond its queue.
  for (const question of questions) seconds.push({ ...question, after: (await ask(question)).endCursor ?? null })
  return seconds.filter(({ after }) => after !== null)
}

/** Parameters for a number of consecutive pages. */
async function walk(first: Question, pages: number, ask: (question: Question) => Promise<Answer>): Promise<Question[]> {
  const found = [first]
  for (let question = first; found.length < pages; ) {
    const { endCursor } = await ask(question)
    if (endCursor == null) throw new Error(`There are only ${found.length} of ${pages} pages.`)
    question = { ...question, after: endCursor }
    found.push(question)
  }
  return found
}
