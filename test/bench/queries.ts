/** The queries of the benchmark. Their texts are in dialects/. */
import type { QueryName } from './dialects/dialect.ts'
import { pageSizes } from './dialects/page-sizes.ts'

export interface Query {
  readonly name: QueryName
  readonly label: string
  readonly what: string
  /** Which parameters are used in rotation. */
  readonly questions: 'selectors' | 'groups' | 'callers' | 'one'
  /** The page: the first one, the second one, or one further behind. */
  readonly paging?: 'each second' | 'all in turn' | number
  /** Whether it is measured with every number of connections, or with one. */
  readonly thorough?: boolean
}

export const deepPage = 1_000

export const queries: readonly Query[] = [
  {
    name: 'history',
    label: 'Q1',
    what: `a selector, its tokens, its ${pageSizes.history} newest calls`,
    questions: 'selectors',
    thorough: true,
  },
  {
    name: 'list',
    label: 'Q2',
    what: `a page of ${pageSizes.list} selectors, each with its tokens, ${pageSizes.listCalls} calls, ${pageSizes.listMessages} messages, ${pageSizes.listPushTests} push tests`,
    questions: 'one',
    paging: 'all in turn',
    thorough: true,
  },
  {
    name: 'missed',
    label: 'Q3',
    what: 'the missed calls of a selector in the last fortnight, second page',
    questions: 'selectors',
    paging: 'each second',
  },
  {
    name: 'caller',
    label: 'Q4',
    what: 'the calls of one caller in the last day, over all selectors',
    questions: 'callers',
  },
  {
    name: 'firstPage',
    label: 'Q5a',
    what: `the ${pageSizes.page} newest calls of all selectors`,
    questions: 'one',
  },
  {
    name: 'deepPage',
    label: 'Q5b',
    what: `the same list, page ${deepPage.toLocaleString('en')}`,
    questions: 'one',
    paging: deepPage - 1,
  },
  { name: 'tiny', label: 'Q6', what: 'a field that needs no database', questions: 'one' },
  { name: 'nodes', label: 'Q7', what: '100 selectors by id or name', questions: 'groups' },
  {
    name: 'changes',
    label: 'Q8',
    what: 'what is new for a selector since a token, where nothing is',
    questions: 'selectors',
    paging: 'each second',
  },
]

/** The generated data ends here. */
const lastDay = '2026-11-21T00:00:00Z'
const lastFortnight = '2026-11-08T00:00:00Z'

export function sinceOf({ name }: Query): string {
  return name === 'caller' ? lastDay : lastFortnight
}
