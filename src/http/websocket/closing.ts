import { CloseCode } from 'graphql-ws'
import type { Refusal } from '../refusal.ts'

/** A code with which a socket is closed, and why. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** Codes of WebSocket itself, of which clients know that they may come back. */
export const serviceRestart = 1012
const tryAgainLater = 1013
export const subprotocolNotAcceptable: Closing = {
  code: CloseCode.SubprotocolNotAcceptable,
  reason: 'Subprotocol not acceptable',
}
/** A frame of control holds 125 bytes, of which the code takes two. */
const mostReasonBytes = 123

/**
 * How the socket of a caller is closed. Clients of graphql-ws do not come back after 4401. They do after 4403, and ask for the
 * credential anew, which is right for one that has expired.
 */
export function closingOf(refusal: Refusal): Closing {
  const reason = Buffer.from(`${refusal.code}: ${refusal.message}`).subarray(0, mostReasonBytes - 2)
  return { code: codeOf(refusal), reason: reason.toString() }
}

function codeOf({ status, errors }: Refusal): number {
  if (status === 401) {
    return errors[0]?.extensions['reason'] === 'EXPIRED' ? CloseCode.Forbidden : CloseCode.Unauthorized
  }
  if (status === 403) return CloseCode.Forbidden
  return status === 500 ? CloseCode.InternalServerError : tryAgainLater
}
