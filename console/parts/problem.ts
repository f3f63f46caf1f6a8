/** Errors of the API as the console shows them: by code, never by message. */
import type { CombinedError } from 'urql'

export interface Problem {
  /** A code of `enum ErrorCode`; NETWORK where no answer came. */
  readonly code: string
  readonly message: string
  readonly path: string
  /** Scopes of which one would do. */
  readonly requires: readonly string[]
  readonly retryAfterSeconds: number | undefined
  /** Of UNAUTHENTICATED: MISSING, INVALID or EXPIRED. */
  readonly reason: string | undefined
  readonly requestId: string | undefined
}

export function problemsOf(error: CombinedError | undefined): readonly Problem[] {
  if (error === undefined) return []
  const found = error.graphQLErrors.map(({ message, path, extensions }) => problem(message, path, extensions))
  if (found.length > 0) return found
  return [problem(error.networkError?.message ?? error.message, undefined, { code: 'NETWORK' })]
}

/** The problem of a field, or of the whole answer. */
export function problemAt(error: CombinedError | undefined, path: string): Problem | undefined {
  const concerns = (found: Problem) => found.path === '' || isWithin(found.path, path) || isWithin(path, found.path)
  return problemsOf(error).find(concerns)
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}.`)
}

function problem(
  message: string,
  path: readonly (string | number)[] | undefined,
  extensions: Readonly<Record<string, unknown>>,
): Problem {
  const text = (name: string) => (typeof extensions[name] === 'string' ? extensions[name] : undefined)
  const { requires, retryAfterSeconds } = extensions
  return {
    code: text('code') ?? 'INTERNAL',
    message,
    path: path?.join('.') ?? '',
    requires: Array.isArray(requires) ? requires.map(String) : [],
    retryAfterSeconds: typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined,
    reason: text('reason'),
    requestId: text('requestId'),
  }
}
