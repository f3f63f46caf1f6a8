/** What a router shows of each failure. */
import type { FailureName, Failures } from '../shared/failures.ts'
import { stage } from '../shared/stage.ts'

const name = stage.selector

/** As in shared/documents.graphql, by the names of the subgraph, and without `viewer`, which it lacks. */
export const documents: Readonly<Record<FailureName, string>> = {
  ForbiddenList: 'query ($name: String!) { sipisSelector(name: $name) { name } sipisCalls(first: 1) { nodes { id } } }',
  TimeoutCount: 'query ($name: String!) { sipisSelector(name: $name) { name calls(first: 1) { totalCount } } }',
  TooCostlyBody:
    'query ($name: String!) { sipisSelector(name: $name) { messages(first: 1) { nodes { messageId body } } } }',
  BadCursor: `query ($name: String!, $after: String) {
    sipisSelector(name: $name) { name calls(first: 1, after: $after) { nodes { id } } }
  }`,
  BadEnum: `query ($name: String!, $orderBy: SipisTimeOrder) {
    sipisSelector(name: $name) { calls(first: 1, orderBy: $orderBy) { nodes { id } } }
  }`,
  Expired: 'query ($name: String!) { sipisSelector(name: $name) { name } }',
}

export const failures: Failures = {
  ForbiddenList: {
    gateway: 'api',
    credential: 'device',
    variables: { name },
    data: { sipisSelector: { name }, sipisCalls: null },
    error: { code: 'FORBIDDEN', path: 'sipisCalls' },
  },
  TimeoutCount: {
    gateway: 'slow',
    credential: 'reader',
    variables: { name },
    data: { sipisSelector: { name, calls: { totalCount: null } } },
    error: { code: 'TIMEOUT', path: 'sipisSelector.calls.totalCount' },
  },
  TooCostlyBody: {
    gateway: 'small',
    credential: 'reader',
    variables: { name },
    // The router makes the failure of a whole request to a subgraph one of each field that it asked for.
    data: { sipisSelector: null },
    error: { code: 'TOO_COSTLY', path: 'sipisSelector' },
  },
  BadCursor: {
    gateway: 'api',
    credential: 'device',
    variables: { name, after: 'no cursor' },
    data: { sipisSelector: { name, calls: null } },
    error: { code: 'BAD_USER_INPUT', path: 'sipisSelector.calls' },
  },
  BadEnum: {
    gateway: 'api',
    credential: 'device',
    variables: { name, orderBy: 'SIDEWAYS' },
    data: null,
    // The router knows the enum from the supergraph. It refuses the variable itself, and gives no code.
    error: { code: undefined },
  },
  Expired: {
    gateway: 'api',
    credential: 'expired',
    variables: { name },
    // The router knows no credentials: it is the subgraph's whole answer that fails.
    data: { sipisSelector: null },
    error: { code: 'UNAUTHENTICATED', reason: 'EXPIRED', path: 'sipisSelector' },
  },
}
