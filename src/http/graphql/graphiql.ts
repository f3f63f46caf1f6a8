import { hash } from 'node:crypto'

/** Values from the served database, used in the example queries. */
export interface Example {
  readonly selector: string
  readonly username: string
}

const queries = ({
  selector,
  username,
}: Example) => `# Press the button on the right and pick a query. Ctrl+Space completes, the book on the left explains every field.

# The selectors seen last, with their push tokens, newest calls and push tests.
query Overview {
  selectors(first: 5) {
    totalCount
    nodes {
      name
      lastSeen
      tokens { nodes { appId fingerprint lastSeen } }
      calls(first: 3) { nodes { time missedReason caller { displayName uri } } }
      messages(first: 3) { nodes { time contentType sender { displayName uri } } }
      pushTests(first: 3) { nodes { platform started latencyMs } }
    }
  }
}

# The call history of one selector, page by page: give endCursor as after for the next page.
query History($selector: String! = ${literal(selector)}, $after: String) {
  selector(name: $selector) {
    calls(first: 10, after: $after) {
      nodes { time missedReason callId caller { displayName uri } }
      pageInfo { hasNextPage endCursor }
    }
  }
}

# Who called from this name or number, over all selectors.
query CallsOf($username: String! = ${literal(username)}) {
  calls(filter: { caller: { username: $username } }, first: 20) {
    totalCount
    nodes { time missedReason caller { uri } selector { name } }
  }
}

# Pushes that never arrived.
query Undelivered {
  pushTests(filter: { isConcluded: false }, first: 20) {
    totalCount
    nodes { started platform selector { name tokens { nodes { appId fingerprint } } } }
  }
}

# What is served, and who am I?
query About {
  database { schemaVersion serverVersion encoding tableVersions { name version } }
  viewer { name scopes }
}
`

/** In the names of the federation subgraph. */
const subgraphQueries = '{ sipisSelectors(first: 5) { nodes { name lastSeen } } }\n'

/** Formats a GraphQL string. Escapes `<`, because values come from callers and the query is inside a script element. */
function literal(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c')
}

/**
 * Creates the GraphiQL page with example queries. All scripts are inlined, so that it works without a network. It is large, so it is
 * rendered on the first request.
 *
 * Workarounds for GraphiQL 5: the queries share one tab, because preset tabs move away when clicked, and variables have defaults,
 * because variables of the first preset tab are ignored.
 *
 * @param example undefined for the federation subgraph
 */
export function createPage(example: Example | undefined): () => Promise<Page> {
  let page: Promise<Page> | undefined
  return () => {
    page ??= render(example)
    return page
  }
}

export interface Page {
  readonly body: Buffer
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
}

async function render(example: Example | undefined): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const query = example === undefined ? subgraphQueries : queries(example)
  const options = { title: 'sipis-gateway', defaultTabs: [{ query }], endpoint: '/graphql' }
  const html = renderGraphiQL(options)
  const body = Buffer.from(html)
  const etag = `"${hash('sha256', body, 'base64url')}"`
  return {
    body,
    etag,
    headers: { etag, 'cache-control': 'private, no-cache', 'content-security-policy': policyOf(html) },
  }
}

/**
 * Content security policy: only the page's own script runs, and it connects only to the gateway. Inline styles are allowed, because
 * the editor creates them at run time.
 */
function policyOf(html: string): string {
  const [, script = ''] = /<script>(.*?)<\/script>/s.exec(html) ?? []
  // HTML parsers normalize line ends to line feeds before they compare the hash.
  const digest = hash('sha256', script.replaceAll(/\r\n?/g, '\n'), 'base64')
  return [
    "default-src 'none'",
    `script-src 'sha256-${digest}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
