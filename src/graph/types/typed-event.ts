import type { EventKind } from '../../loaders/changes.ts'
import type { NodeType } from '../node-id.ts'
import { typed } from '../type-name.ts'

const types: Readonly<Record<EventKind, NodeType>> = { CALL: 'Call', MESSAGE: 'Message', PUSH_TEST: 'PushTest' }

/** The row with its type, which a field of the type Event returns. */
export function typedEvent<Row extends object>(kind: EventKind, row: Row): Row {
  return typed(row, types[kind])
}
