import type { TokensQuery } from '../client/documents.ts'
import { TokensDocument } from '../client/documents.ts'
import { daysAgo } from '../parts/days.ts'
import { TokenHit } from '../search/hits.tsx'
import type { ListAbout } from './list-page.tsx'
import { ListPage } from './list-page.tsx'

type TokenNode = NonNullable<TokensQuery['tokens']>['nodes'][number]

const defaultDays = 30

const list: ListAbout<TokensQuery, TokenNode> = {
  title: 'Stale tokens',
  about:
    'Push tokens that the device has not reported for long. Push services refuse many of them, and calls to these devices are missed.',
  fields: [
    {
      name: 'age',
      label: 'Not reported for',
      options: [
        ['', `${defaultDays} days`],
        ['90', '90 days'],
        ['365', 'a year'],
        ['never', 'age not recorded'],
        ['any', 'any age'],
      ],
    },
    { name: 'app', label: 'App', placeholder: 'com.example.phone' },
    { name: 'fingerprint', label: 'Fingerprint', placeholder: '16 digits' },
  ],
  sourceOf: (parameters) => ({
    query: TokensDocument,
    variables: { filter: filterOf(parameters) },
    connection: (data) => data.tokens,
  }),
  row: (token) => <TokenHit key={token.id} token={token} />,
  empty: <p>No stored token matches: the devices have reported theirs since.</p>,
  smaller: <a href="?age=365">Show those of a year</a>,
  columns: [
    { title: 'app', value: ({ appId }) => appId },
    { title: 'fingerprint', value: ({ fingerprint }) => fingerprint },
    { title: 'last reported', value: ({ lastSeen }) => lastSeen, isTime: true },
    { title: 'selector', value: ({ selector }) => selector?.name ?? null },
  ],
}

function filterOf(parameters: URLSearchParams) {
  const age = parameters.get('age') ?? String(defaultDays)
  const appId = parameters.get('app')
  const fingerprint = parameters.get('fingerprint')
  return {
    ...(age === 'never' ? { neverSeen: true } : {}),
    ...(/^\d{1,4}$/.test(age) ? { lastSeenUntil: daysAgo(Number(age)) } : {}),
    ...(appId === null ? {} : { appId }),
    ...(fingerprint === null ? {} : { fingerprint }),
  }
}

export function TokensPage() {
  return <ListPage list={list} />
}
