import type { Principal } from '../auth/principal.ts'
import type { PreparedDocument } from '../documents/documents.ts'
import type { Usage } from '../loaders/usage.ts'

/** An operation to execute, and its caller. */
export interface Operation {
  readonly principal: Principal
  readonly prepared: PreparedDocument
  readonly operationName: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
  readonly usage: Usage
  /** Its signal is aborted when the operation times out or the caller disconnects. It is made when it is asked for. */
  readonly ending: Pick<AbortController, 'signal'>
  /** Included in errors that the operator has to investigate. */
  readonly requestId: string
}
