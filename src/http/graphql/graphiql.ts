import { hash } from 'node:crypto'
import { encode } from '../console/encodings.ts'
import type { StaticFile } from '../console/static-file.ts'
import { staticFile } from '../console/static-file.ts'

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
 * rendered and compressed on the first request.
 *
 * Workarounds for GraphiQL 5: the queries share one tab, because preset tabs move away when clicked, and variables have defaults,
 * because variables of the first preset tab are ignored.
 *
 * @param example undefined for the federation subgraph
 * @param isOpen whether queries need no credential
 */
export function createPage(example: Example | undefined, isOpen: boolean): () => Promise<StaticFile> {
  let page: Promise<StaticFile> | undefined
  return () => {
    page ??= render(example, isOpen)
    return page
  }
}

/** The page loads without a credential, and does not ask for one by itself. */
const howToSignIn = `# This gateway answers with a credential only. Open "Headers" below, enter
# {"authorization": "Bearer YOUR KEY"}, and press the round arrow on the left: with sipis:ops it reads the schema.

`

async function render(example: Example | undefined, isOpen: boolean): Promise<StaticFile> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const query = `${isOpen ? '' : howToSignIn}${example === undefined ? subgraphQueries : queries(example)}`
  const html = renderGraphiQL({ title: 'sipis-gateway', defaultTabs: [{ query }], endpoint: '/graphql' })
  const headers = { 'cache-control': 'private, no-cache', 'content-security-policy': policyOf(html) }
  return staticFile('text/html', await encode(Buffer.from(html)), headers)
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
