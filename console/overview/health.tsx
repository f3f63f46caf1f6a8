import type { ReactNode } from 'react'
import { useState } from 'react'
import { useQuery } from 'urql'
import { Link } from 'wouter'
import {
  OverviewFreshnessDocument,
  OverviewPlatformsDocument,
  OverviewPushesDocument,
  OverviewServersDocument,
  OverviewTokensDocument,
} from '../client/documents.ts'
import { daysAgo } from '../parts/days.ts'
import { Foreign } from '../parts/foreign.tsx'
import { Loading, Section } from '../parts/page.tsx'
import { problemsOf } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { Sign } from '../parts/sign.tsx'
import { useZone } from '../parts/zone.tsx'
import type { Attention } from './attention.ts'
import { ofFreshness, ofGateway, ofPlatforms, ofServers, ofTokens } from './attention.ts'
import { Facts } from './facts.tsx'
import type { ChartProps } from './overview-page.tsx'
import { PushesChart } from './pushes-chart.tsx'
import { Smaller } from './smaller.tsx'
import { useReady } from './use-ready.ts'

/** What needs attention, from pushes, tokens, the age of what is stored and the gateway itself. */
export function Health({ span, bounds, zone, children }: ChartProps & { children: ReactNode }) {
  const { now } = useZone()
  const ready = useReady()
  const [olderThan] = useState(() => [daysAgo(30)])
  const pushVariables = { ...bounds, by: [span.bucket, 'PLATFORM' as const], timeZone: zone }
  const [pushes, askPushes] = useQuery({ query: OverviewPushesDocument, variables: pushVariables })
  const [platforms, askPlatforms] = useQuery({ query: OverviewPlatformsDocument, variables: bounds })
  const [tokens, askTokens] = useQuery({ query: OverviewTokensDocument, variables: { olderThan } })
  const [servers] = useQuery({ query: OverviewServersDocument, variables: {} })
  const [fresh, askFresh] = useQuery({ query: OverviewFreshnessDocument, variables: {} })
  const all = [
    ...ofGateway(ready?.reasons ?? {}),
    ...ofFreshness(fresh.data?.selectors?.nodes[0]?.lastSeen, now),
    ...ofServers(servers.data?.servers?.nodes ?? [], now),
    ...ofPlatforms(platforms.data?.pushTestStats?.rows ?? [], span.key),
    ...ofTokens(tokens.data?.tokenStats?.rows ?? []),
  ]
  const isReading = pushes.fetching || platforms.fetching || tokens.fetching || fresh.fetching
  const [problem] = [pushes, platforms, tokens, fresh].flatMap(({ error }) => problemsOf(error))
  const again = () => {
    askPushes()
    askPlatforms()
    askTokens()
    askFresh()
  }
  return (
    <>
      <Section title="What needs attention">
        {problem !== undefined && <ProblemNote problem={problem} onRetry={again} smaller={<Smaller span={span} />} />}
        <AttentionList all={all} />
        {isReading && <Loading what="what is stored" />}
        {!isReading && problem === undefined && all.length === 0 && (
          <p>
            Nothing: the gateway is ready, apps contact SIPIS, 90 % of the pushes are in time, and most tokens are
            fresh.
          </p>
        )}
      </Section>
      {children}
      {pushes.data?.pushTestStats != null && (
        <PushesChart span={span} bounds={bounds} zone={zone} rows={pushes.data.pushTestStats.rows} />
      )}
      <Facts
        ready={ready}
        platforms={platforms.data?.pushTestStats?.rows ?? []}
        apps={tokens.data?.tokenStats?.rows ?? []}
        fresh={fresh.data}
        servers={servers.data?.servers?.nodes ?? []}
        serversProblem={problemsOf(servers.error)[0]}
      />
    </>
  )
}

function AttentionList({ all }: { all: readonly Attention[] }) {
  return (
    <ul className="attention">
      {all.map(({ level, text, href }) => (
        <li key={text} className={level} data-row={href === undefined ? undefined : ''}>
          <Sign level={level} />
          {href === undefined ? (
            <Foreign text={text} />
          ) : (
            <Link href={href}>
              <Foreign text={text} />
            </Link>
          )}
        </li>
      ))}
    </ul>
  )
}
