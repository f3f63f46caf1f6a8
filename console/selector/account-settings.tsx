import { useQuery } from 'urql'
import { SelectorServerDocument, SelectorSettingsDocument } from '../client/documents.ts'
import { Foreign } from '../parts/foreign.tsx'
import { Loading, Section } from '../parts/page.tsx'
import { problemAt } from '../parts/problem.ts'
import { ProblemNote } from '../parts/problem-note.tsx'

export function AccountSettings({ name }: { name: string }) {
  const [{ data, error, fetching }, again] = useQuery({ query: SelectorSettingsDocument, variables: { name } })
  const problem = problemAt(error, 'selector.settings')
  const [{ data: found }] = useQuery({ query: SelectorServerDocument, variables: { name } })
  const settings = data?.selector?.settings ?? []
  return (
    <Section title="Account">
      {fetching && <Loading what="the settings" />}
      {problem !== undefined && <ProblemNote problem={problem} onRetry={again} />}
      {!fetching && problem === undefined && settings.length === 0 && (
        <p className="quiet">SIPIS has none of the settings that the operator allows to be shown.</p>
      )}
      {(settings.length > 0 || found?.selector?.server != null) && (
        <dl className="facts">
          {settings.map((setting) => (
            <div key={setting.name}>
              <dt>{setting.name}</dt>
              <dd>{setting.value === null ? <span className="quiet">none</span> : <Foreign text={setting.value} />}</dd>
            </div>
          ))}
          {found?.selector?.server != null && (
            <div>
              <dt>SIPIS process</dt>
              <dd>
                <Foreign text={found.selector.server} />
              </dd>
            </div>
          )}
        </dl>
      )}
    </Section>
  )
}
