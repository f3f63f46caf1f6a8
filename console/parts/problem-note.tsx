import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { Problem } from './problem.ts'

interface Props {
  readonly problem: Problem
  readonly onRetry?: (() => void) | undefined
  /** What asks for less, where the query was too costly or too slow. */
  readonly smaller?: ReactNode
}

/** Says what failed and what helps. */
export function ProblemNote({ problem, onRetry, smaller }: Props) {
  const { code, message, requires, requestId } = problem
  const seconds = problem.retryAfterSeconds ?? waits[code]
  return (
    <div className="note bad" role="alert">
      <p>
        <strong>{titles[code] ?? 'The gateway could not answer'}.</strong>{' '}
        {requires.length > 0 ? <Scopes names={requires} /> : message}
      </p>
      {isTooMuch(code) && smaller !== undefined && <p>{smaller}</p>}
      {requestId !== undefined && (
        <p>
          The log of the gateway has the cause under the request <code>{requestId}</code>.
        </p>
      )}
      {onRetry !== undefined && seconds !== undefined && <CountDown seconds={seconds} onEnd={onRetry} />}
      {onRetry !== undefined && seconds === undefined && code !== 'FORBIDDEN' && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}

const titles: Readonly<Record<string, string>> = {
  FORBIDDEN: 'Your credential does not allow this',
  RATE_LIMITED: 'Your allowance of this minute is used up',
  UNAVAILABLE: 'The database or the gateway is not available',
  TIMEOUT: 'This took too long',
  TOO_COSTLY: 'This asks for too much',
  NOT_SUPPORTED: 'This database does not allow it',
  BAD_USER_INPUT: 'This cannot be asked',
  NETWORK: 'The gateway does not answer',
  UNAUTHENTICATED: 'Sign in again',
}

/** Seconds after which it is worth to try again, where the answer does not say. */
const waits: Readonly<Record<string, number>> = { RATE_LIMITED: 10, UNAVAILABLE: 5, NETWORK: 5 }

function isTooMuch(code: string): boolean {
  return code === 'TOO_COSTLY' || code === 'TIMEOUT'
}

function Scopes({ names }: { names: readonly string[] }) {
  return (
    <>
      It needs the scope{' '}
      {names.map((name, place) => (
        <span key={name}>
          {place > 0 && ' or '}
          <code>{name}</code>
        </span>
      ))}
      . Ask the operator for a key that has it.
    </>
  )
}

/** Tries again when the time is over, or earlier by the button. */
function CountDown({ seconds, onEnd }: { seconds: number; onEnd: () => void }) {
  const [left, setLeft] = useState(Math.ceil(seconds))
  useEffect(() => {
    if (left <= 0) {
      onEnd()
      return
    }
    const timer = setTimeout(() => setLeft(left - 1), 1_000)
    return () => clearTimeout(timer)
  }, [left, onEnd])
  return (
    <p>
      Tries again in {left} s.{' '}
      <button type="button" onClick={onEnd}>
        Try now
      </button>
    </p>
  )
}
