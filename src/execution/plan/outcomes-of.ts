import type { FieldNode } from 'graphql'
import type { Outcome } from '../../graph/replay.ts'
import { Failed } from '../../graph/replay.ts'
import { PrintedList, Resolved } from './plan.ts'

type Recorded = Map<FieldNode, Map<unknown, Outcome>>

/** What the fields of an operation have returned. */
export function outcomesOf(root: Resolved): Recorded {
  const recorded: Recorded = new Map()
  record(root, recorded)
  return recorded
}

function record({ plan, source, values }: Resolved, recorded: Recorded): void {
  for (const { node, at } of plan.fields) {
    const value = values[at]
    if (node === undefined) continue
    const ofNode = recorded.get(node) ?? new Map<unknown, Outcome>()
    ofNode.set(source, value instanceof Failed ? value : { value: returned(value) })
    recorded.set(node, ofNode)
    recordBelow(value, recorded)
  }
}

function recordBelow(value: unknown, recorded: Recorded): void {
  if (value instanceof Resolved) record(value, recorded)
  else if (Array.isArray(value)) for (const item of value) recordBelow(item, recorded)
}

/** What the resolver has returned. */
function returned(value: unknown): unknown {
  if (value instanceof Resolved) return value.source
  if (value instanceof PrintedList) return value.items
  return Array.isArray(value) ? value.map(returned) : value
}
