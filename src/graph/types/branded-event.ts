import { brandWithType } from '@pothos/core'
import type { EventKind } from '../../loaders/changes.ts'
import { Call } from './call.ts'
import { Message } from './message.ts'
import { PushTest } from './push-test.ts'

const types: Readonly<Record<EventKind, Parameters<typeof brandWithType>[1]>> = {
  CALL: Call,
  MESSAGE: Message,
  PUSH_TEST: PushTest,
}

/** The row with its type, from which Pothos resolves the concrete type of an Event. */
export function brandedEvent<Row extends object>(kind: EventKind, row: Row): Row {
  brandWithType(row, types[kind])
  return row
}
