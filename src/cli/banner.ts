import type { ServeConfig } from '../config/serve-config.ts'
import { sharesRates } from '../config/share.ts'
import type { Example } from '../http/graphql/graphiql.ts'
import type { Detected } from '../sipis/detect.ts'

interface Urls {
  readonly url: string
  /** Of METRICS_PORT, if that is set. */
  readonly metricsUrl: string | undefined
}

/** Formats the message that `serve` prints when it accepts requests. */
export function banner(
  { url, metricsUrl }: Urls,
  detected: Pick<Detected, 'version' | 'serverVersion' | 'encoding'>,
  config: ServeConfig,
  { selector }: Example,
): string {
  const { isOpen } = config
  const { version, serverVersion, encoding } = detected
  const isDemo = config.database === undefined
  const what = isDemo
    ? 'This is a DEMO: generated data in an embedded in-memory database; nothing is stored.'
    : `Serving ${config.database.label}, read-only.`
  const who = isOpen ? 'Authentication is off, so only this machine can connect.' : `Requires ${credentials(config)}.`
  const query = isOpen
    ? `{selector(name:"${selector}"){lastSeen calls(first:3){nodes{time caller{uri}}}}}`
    : '{viewer{name scopes}}'
  return [
    what,
    `Schema ${version.toLowerCase()}, PostgreSQL ${serverVersion}, ${encoding}. ${who}`,
    '',
    ...(isOpen ? [`In a browser:     ${url}/graphql`] : []),
    ...(config.hasConsole && !config.isSubgraph ? [`Console:          ${url}/console`] : []),
    `With curl:        curl -s ${url}/graphql -H 'content-type: application/json' \\`,
    ...(isOpen ? [] : [`                    -H 'authorization: Bearer …' \\`]),
    `                    -d '${JSON.stringify({ query })}'`,
    ...(metricsUrl === undefined ? [] : [`Metrics:          ${metricsUrl}/metrics`]),
    '',
    ...(isDemo
      ? [
          'A real database:  DATABASE_URL=$(cat /etc/sipis-gateway/database-url) sipis-gateway serve',
          '            or:  sipis-gateway serve --settings /etc/sipis/Settings.xml',
          '',
        ]
      : []),
    ...(isOpen || config.changes.secrets !== undefined
      ? []
      : ['Without CHANGES_KEY, tokens of `changes` end with this process: openssl rand -hex 32 makes a key.', '']),
    ...workersOf(config),
    'Stop with Ctrl+C.',
  ].join('\n')
}

function workersOf(config: ServeConfig): string[] {
  const { workers } = config
  if (workers === 1) return []
  const rates = sharesRates(config)
    ? [
        `Each grants 1/${workers} of RATE_LIMIT_COST and RATE_LIMIT_REQUESTS; RATE_LIMIT_STORE_URL has them count together.`,
      ]
    : []
  return [`${workers} workers share the port; docs/operations.md says which limits they share.`, ...rates, '']
}

function credentials({ auth }: ServeConfig): string {
  return [
    ...(auth?.jwt === undefined ? [] : ['JSON Web Tokens']),
    ...(auth?.apiKeysFile === undefined ? [] : ['API keys']),
  ].join(' or ')
}
