/** What every client has to see of each failure: the data that survives, and the code. */
import { deepStrictEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GatewayName } from './gateway.ts'
import { stage } from './stage.ts'

export interface Failure {
  readonly gateway: GatewayName
  readonly credential: keyof typeof stage.credentials
  readonly variables: Readonly<Record<string, unknown>>
  /** Null if nothing survives. */
  readonly data: object | null
  readonly error: SeenError
}

interface SeenError {
  readonly code: unknown
  /** Tells an expired credential from a bad one. */
  readonly reason?: unknown
  readonly path?: string
}

const name = stage.selector

/** By the names of documents.graphql. */
const failures = {
  ForbiddenList: {
    gateway: 'api',
    credential: 'device',
    variables: {},
    data: { viewer: { name }, calls: null },
    error: { code: 'FORBIDDEN', path: 'calls' },
  },
  TimeoutCount: {
    gateway: 'slow',
    credential: 'reader',
    variables: { name },
    data: { selector: { name, calls: { totalCount: null } } },
    error: { code: 'TIMEOUT', path: 'selector.calls.totalCount' },
  },
  TooCostlyBody: {
    gateway: 'small',
    credential: 'reader',
    variables: { name },
    // An answer that is too long is refused as a whole.
    data: null,
    error: { code: 'TOO_COSTLY' },
  },
  BadCursor: {
    gateway: 'api',
    credential: 'device',
    variables: { name, after: 'no cursor' },
    data: { selector: { name, calls: null } },
    error: { code: 'BAD_USER_INPUT', path: 'selector.calls' },
  },
  BadEnum: {
    gateway: 'api',
    credential: 'device',
    variables: { name, orderBy: 'SIDEWAYS' },
    data: null,
    error: { code: 'BAD_USER_INPUT' },
  },
  Expired: {
    gateway: 'api',
    credential: 'expired',
    variables: {},
    data: null,
    error: { code: 'UNAUTHENTICATED', reason: 'EXPIRED' },
  },
} as const satisfies Record<string, Failure>

export type FailureName = keyof typeof failures
export type Failures = Readonly<Record<FailureName, Failure>>

export interface Request {
  readonly gateway: GatewayName
  readonly url: string
  readonly credential: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** The errors as a client gives them to its user. */
export interface Seen {
  readonly data: unknown
  readonly errors: readonly {
    readonly path?: readonly (string | number)[] | undefined
    readonly extensions?: Readonly<Record<string, unknown>> | undefined
  }[]
}

/**
 * Runs every failure through a client.
 *
 * @param expected where a client has documents of its own, what they show
 */
export function checkFailures(
  ask: (name: FailureName, request: Request) => Promise<Seen>,
  expected: Failures = failures,
): void {
  describe('A failure', () => {
    for (const failure of Object.keys(expected).filter(isFailure)) {
      it(`leaves its code and the rest of the data: ${failure}`, async () => {
        const { gateway, credential, variables, data, error } = expected[failure]
        const seen = await ask(failure, {
          gateway,
          url: stage.urls[gateway],
          credential: stage.credentials[credential],
          variables,
        })
        deepStrictEqual({ data: plain(seen.data), errors: seen.errors.map(seenError) }, { data, errors: [error] })
      })
    }
  })
}

const isFailure = (text: string): text is FailureName => text in failures

function seenError({ path, extensions }: Seen['errors'][number]): SeenError {
  const { code, reason } = { code: undefined, reason: undefined, ...extensions }
  return {
    code,
    ...(reason === undefined ? {} : { reason }),
    ...(path === undefined ? {} : { path: path.join('.') }),
  }
}

/** Without what clients add to the data, and null in place of undefined. */
function plain(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data ?? null, (key, value) => (key === '__typename' ? undefined : value)))
}
