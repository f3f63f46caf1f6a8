import type { ReactNode } from 'react'
import { formatCount } from '../parts/format.ts'
import { Loading } from '../parts/page.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'
import type { Item } from './page-list.ts'
import type { Pages } from './use-pages.ts'

interface Props<Of extends Item> {
  readonly pages: Pages<Of>
  /** What is read, for the line that says so. */
  readonly what: string
  readonly row: (item: Of) => ReactNode
  /** Why the list may be empty. */
  readonly empty: ReactNode
  readonly smaller?: ReactNode
  readonly className?: string
}

/** The rows of a list, and the button that reads more. */
export function PageRows<Of extends Item>({ pages, what, row, empty, smaller, className = 'rows' }: Props<Of>) {
  const { list, problem, isReading, older, again } = pages
  const isEmpty = list !== undefined && list.items.length === 0
  return (
    <>
      {problem !== undefined && <ProblemNote problem={problem} onRetry={again} smaller={smaller} />}
      {isEmpty && <div className="quiet">{empty}</div>}
      <ol className={className}>{list?.items.map(row)}</ol>
      {isReading && <Loading what={what} />}
      {list?.hasMore === true && !isReading && (
        <button type="button" onClick={older} data-row>
          Older
        </button>
      )}
      {list !== undefined && !list.hasMore && !isEmpty && (
        <p className="quiet">This is all that is stored: {formatCount(list.items.length)}.</p>
      )}
    </>
  )
}
