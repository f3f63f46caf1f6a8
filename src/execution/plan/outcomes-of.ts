import type { FieldNode } from 'graphql'
import type { Outcome } from '../../graph/replay.ts'
import { Failed } from '../../graph/replay.ts'
import { Resolved } from './object-plan.ts'
import { PrintedList } from './shapes.ts'

type Recorded = Map<FieldNode, Map<unknown, Outcome>>

/**
 * What the fields of an operation have returned.
 *
 * @param selections those that are executed, by those of the plan
 */
export function outcomesOf(root: Resolved, selections: ReadonlyMap<FieldNode, FieldNode>): Recorded {
  const recorded: Recorded = new Map()
  const record = ({ plan, source, values }: Resolved) => {
    for (const { nodes, at } of plan.fields) {
      const value = values[at]
      const [planned] = nodes
      if (planned === undefined) continue
      const node = selections.get(planned) ?? planned
      const ofNode = recorded.get(node) ?? new Map<unknown, Outcome>()
      ofNode.set(source, value instanceof Failed ? value : { value: returned(value) })
      recorded.set(node, ofNode)
      recordBelow(value)
    }
  }
  const recordBelow = (value: unknown) => {
    if (value instanceof Resolved) record(value)
    else if (Array.isArray(value)) for (const item of value) recordBelow(item)
  }
  record(root)
  return recorded
}

/** What the resolver has returned. */
function returned(value: unknown): unknown {
  if (value instanceof Resolved) return value.source
  if (value instanceof PrintedList) return value.items
  return Array.isArray(value) ? value.map(returned) : value
}
