import { hash } from 'node:crypto'

/** Values that suit the database that is served, as the ready queries show them. */
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
      selector
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
  selector(selector: $selector) {
    calls(first: 10, after: $after) {
      nodes { time missedReason callId caller { displayName uri } }
      pageInfo { hasNextPage endCursor }
    }
  }
}

# Who called from this name or number, over all selectors.
query CallsOf($username: String! = ${literal(username)}) {
  calls(filter: { callerUsername: $username }, first: 20) {
    totalCount
    nodes { time missedReason caller { uri } selector { selector } }
  }
}

# Pushes that never arrived.
query Undelivered {
  pushTests(filter: { concluded: false }, first: 20) {
    totalCount
    nodes { started platform selector { selector tokens { nodes { appId fingerprint } } } }
  }
}

# What is served, and who am I?
query About {
  database { schemaVersion serverVersion encoding tableVersions { name version } }
  viewer { name scopes }
}
`

/** A GraphQL string. Callers choose their names, and the page puts the query into a script element: no `<` may stand there. */
function literal(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c')
}

/**
 * GraphiQL with a few ready queries. They share one tab, for in GraphiQL 5 a tab that was not opened by hand moves away under
 * the pointer that presses it; their variables have defaults, for it leaves out those of the first tab. The page carries all its
 * scripts, so it works without a network; it is large, so it is made when first asked for.
 */
export function openPage(example: Example): () => Promise<Page> {
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

async function render(example: Example): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = { title: 'sipis-gateway', defaultTabs: [{ query: queries(example) }], endpoint: '/graphql' }
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
 * Nothing but the page's own script runs, and it talks to the gateway alone. Styles are not restricted to the one of the page,
 * because its editor makes more while it runs.
 */
function policyOf(html: string): string {
  const [, script = ''] = /<script>(.*?)<\/script>/s.exec(html) ?? []
  // The parser of HTML makes a line feed of every line end before it compares the hash.
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
