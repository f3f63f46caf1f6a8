import type { ReactNode } from 'react'
import { useEffect } from 'react'

/** A page with its heading, which is the title of the tab as well. Keys and readers go on at its start, not in the search field. */
export function Page({ title, heading, children }: { title: string; heading?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · SIPIS console`
    document.getElementById('content')?.focus({ preventScroll: true })
    scrollTo(0, 0)
  }, [title])
  return (
    <>
      <h1>{heading ?? title}</h1>
      {children}
    </>
  )
}

interface SectionProps {
  readonly title: string
  /** What the section counts or covers. */
  readonly aside?: ReactNode
  readonly children: ReactNode
}

export function Section({ title, aside, children }: SectionProps) {
  return (
    <section>
      <div className="section-head">
        <h2>{title}</h2>
        {aside !== undefined && <span className="quiet">{aside}</span>}
      </div>
      {children}
    </section>
  )
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="quiet loading" role="status">
      Reads {what} …
    </p>
  )
}
