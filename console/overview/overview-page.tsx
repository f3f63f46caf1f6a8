import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { Page } from '../parts/page.tsx'
import { useZone } from '../parts/zone.tsx'
import { CallsChart } from './calls-chart.tsx'
import { Health } from './health.tsx'
import type { Span } from './span.ts'
import { boundsOf, spanOf, spans } from './span.ts'
import { TopCallers } from './top-callers.tsx'

export interface ChartProps {
  readonly span: Span
  readonly bounds: { readonly since: string; readonly until: string }
  readonly zone: string
}

/** How the installation as a whole does: what needs attention first. */
export function OverviewPage() {
  const [parameters] = useSearchParams()
  const { name: zone } = useZone()
  const span = spanOf(parameters.get('span'))
  return (
    <Page title="Overview">
      <nav className="choice" aria-label="Span">
        {spans.map(({ key, title }) => (
          <Link key={key} href={`/?span=${key}`} className={() => (key === span.key ? 'active' : '')}>
            {title}
          </Link>
        ))}
      </nav>
      <Overview key={`${span.key} ${zone}`} span={span} zone={zone} />
    </Page>
  )
}

function Overview({ span, zone }: Omit<ChartProps, 'bounds'>) {
  const [bounds] = useState(() => boundsOf(span, zone))
  return (
    <>
      <Health span={span} bounds={bounds} zone={zone}>
        <CallsChart span={span} bounds={bounds} zone={zone} />
      </Health>
      <TopCallers span={span} bounds={bounds} zone={zone} />
    </>
  )
}
