import { Link } from 'wouter'
import type { Span } from './span.ts'
import { spans } from './span.ts'

/** The next shorter span, where the one that was asked for is too much. */
export function Smaller({ span }: { span: Span }) {
  const shorter = spans[spans.indexOf(span) - 1]
  if (shorter === undefined) return <>There is no shorter span here; the lists read fewer rows.</>
  return <Link href={`/?span=${shorter.key}`}>Show {shorter.title}</Link>
}
