import type { ReactNode } from 'react'
import type {
  OverviewFreshnessQuery,
  OverviewPlatformsQuery,
  OverviewServersQuery,
  OverviewTokensQuery,
} from '../client/documents.ts'
import { Foreign } from '../parts/foreign.tsx'
import { formatCount, latencyOf, percent } from '../parts/format.ts'
import { Section } from '../parts/page.tsx'
import type { Problem } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'
import { ScrollTable } from '../parts/scroll-table.tsx'
import { Time } from '../parts/zone.tsx'
import type { Readiness } from './use-ready.ts'

interface Props {
  readonly ready: Readiness | undefined
  readonly platforms: NonNullable<OverviewPlatformsQuery['pushTestStats']>['rows']
  readonly apps: NonNullable<OverviewTokensQuery['tokenStats']>['rows']
  readonly fresh: OverviewFreshnessQuery | undefined
  readonly servers: NonNullable<OverviewServersQuery['servers']>['nodes']
  readonly serversProblem: Problem | undefined
}

export function Facts({ ready, platforms, apps, fresh, servers, serversProblem }: Props) {
  return (
    <div className="columns even">
      <Section title="Platforms" aside="push tests of the span">
        <NumberTable
          label="Platforms"
          titles={['platform', 'sent', 'in time', 'no answer', 'median', '95 %']}
          rows={platforms.map(({ platform, sent, successRate, unanswered, latencyMs }) => [
            <Foreign key="platform" text={platform || 'none'} />,
            formatCount(sent),
            successRate === null ? '' : percent(successRate),
            formatCount(unanswered),
            latencyMs === null ? '' : latencyOf(latencyMs.p50),
            latencyMs === null ? '' : latencyOf(latencyMs.p95),
          ])}
        />
      </Section>
      <Section title="Push tokens">
        <NumberTable
          label="Push tokens"
          titles={['app', 'tokens', '30 days old', 'no age']}
          rows={apps.map(({ appId, count, older, neverSeen }) => [
            <Foreign key="app" text={appId} />,
            formatCount(count),
            formatCount(older[0] ?? 0),
            formatCount(neverSeen),
          ])}
        />
      </Section>
      <Section title="SIPIS processes">
        {serversProblem !== undefined && <ProblemNote problem={serversProblem} />}
        {serversProblem === undefined && <ServerTable servers={servers} />}
      </Section>
      <Section title="Freshness">
        <dl className="facts">
          <Newest what="contact of an app" time={fresh?.selectors?.nodes[0]?.lastSeen} />
          <Newest what="missed call" time={fresh?.calls?.nodes[0]?.time} />
          <Newest what="push test" time={fresh?.pushTests?.nodes[0]?.time} />
          <div>
            <dt>gateway</dt>
            <dd>{ready === undefined ? '…' : ready.status === 'ok' ? 'ready' : 'not ready'}</dd>
          </div>
          {fresh?.database != null && (
            <div>
              <dt>database</dt>
              <dd>
                SIPIS schema {fresh.database.schemaVersion.toLowerCase()}, PostgreSQL {fresh.database.serverVersion}
              </dd>
            </div>
          )}
        </dl>
      </Section>
    </div>
  )
}

/** What a process says itself is empty where the gateway has no address of it. */
function ServerTable({ servers }: Pick<Props, 'servers'>) {
  const count = (number: number | null | undefined) => (number == null ? '' : formatCount(number))
  const isUnknown = servers.length > 0 && servers.every(({ process }) => process === null)
  return (
    <>
      {isUnknown && (
        <p className="quiet">
          What a process says itself is missing: the gateway has no address of it (<code>SIPIS_HTTP_URLS</code>).
        </p>
      )}
      <NumberTable
        label="SIPIS processes"
        titles={['name', 'installations', 'newest', 'queue', 'registered', 'refused', 'in error']}
        rows={servers.map(({ name, instances, newestSeen, process }) => [
          <Foreign key="name" text={name} />,
          count(instances),
          newestSeen === null ? '' : <Time key="newest" time={newestSeen} ageOnly />,
          count(process?.queueLength),
          count(process?.registered),
          count(process?.unauthorized),
          count(process?.inError),
        ])}
      />
    </>
  )
}

function Newest({ what, time }: { what: string; time: string | null | undefined }) {
  return (
    <div>
      <dt>newest {what}</dt>
      <dd>{time == null ? <span className="quiet">none is stored</span> : <Time time={time} ageOnly />}</dd>
    </div>
  )
}

/** The first column names a row. */
interface NumberTableProps {
  readonly label: string
  readonly titles: readonly string[]
  readonly rows: readonly (readonly ReactNode[])[]
}

function NumberTable({ label, titles, rows }: NumberTableProps) {
  if (rows.length === 0) return <p className="quiet">None is stored.</p>
  return (
    <ScrollTable label={label}>
      <thead>
        <tr>
          {titles.map((title) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([first, ...others], place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows of one answer stay in their places.
          <tr key={place}>
            <th scope="row">{first}</th>
            {others.map((cell, column) => (
              <td key={titles[column + 1]}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
