import type { GraphiQLOptions } from 'graphql-yoga'

const queries = [
  `# The selectors seen last, with their push tokens, newest calls and push tests.
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
`,
  `# The call history of one selector, page by page: give endCursor as after for the next page.
query History($selector: String!, $after: String) {
  selector(selector: $selector) {
    calls(first: 10, after: $after) {
      nodes { time missedReason callId caller { displayName uri } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`,
  `# Who called from this name or number, over all selectors.
query CallsOf($username: String!) {
  calls(filter: { callerUsername: $username }, first: 20) {
    totalCount
    nodes { time missedReason caller { uri } selector { selector } }
  }
}
`,
  `# Pushes that never arrived.
query Undelivered {
  pushTests(filter: { concluded: false }, first: 20) {
    totalCount
    nodes { started platform selector { selector tokens { nodes { appId fingerprint } } } }
  }
}
`,
  `# What is served, and who am I?
query About {
  database { schemaVersion serverVersion encoding tableVersions { name version } }
  viewer { name scopes }
}
`,
]

/** Variables that suit the ready queries, from the database that is served. */
export interface Example {
  readonly selector: string
  readonly username: string
}

/** A few ready queries, each in a tab of its own. */
export function graphiqlOptions({ selector, username }: Example): GraphiQLOptions {
  const variables = JSON.stringify({ selector, username }, null, 2)
  return {
    title: 'sipis-gateway',
    defaultTabs: queries.map((query) => ({ query, ...(query.includes('$') ? { variables } : {}) })),
  }
}

/** The page carries all its scripts, so it works without a network; it is large, so it is loaded when first asked for. */
export async function renderPage(options: GraphiQLOptions): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  return renderGraphiQL(options)
}
