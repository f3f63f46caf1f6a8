import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLOutputType, SelectionSetNode } from 'graphql'
import { getNullableType, isLeafType, isListType, isNonNullType, isObjectType } from 'graphql'
import type { Context } from '../../graph/context.ts'
import { columnOf } from './column.ts'
import { countingPrinter, fixedPrinter, leafPrinter } from './leaf.ts'
import type { Part, RowField, Selection, Shape } from './object-plan.ts'
import { ObjectPlan, ResolvedField } from './object-plan.ts'
import type { Definitions } from './selected-fields.ts'
import { selectedFields } from './selected-fields.ts'
import { AbstractShape, LeafShape, ListShape, ObjectShape } from './shapes.ts'

/** What a plan is made of. */
export interface Planning extends Definitions {
  /** How many fields the plan has so far. */
  fields: number
}

/** Plans what is selected of objects of a type. What is below a field that is resolved is planned when it has a value. */
export function planObject(
  type: GraphQLObjectType,
  selections: readonly SelectionSetNode[],
  planning: Planning,
): ObjectPlan {
  const parts: Part[] = []
  let resolved = 0
  for (const [key, nodes] of selectedFields(type, selections, planning)) {
    planning.fields++
    const before = Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(key)}:`)
    const of = planField(type, { key, nodes }, resolved, planning)
    if (of instanceof ResolvedField) resolved++
    parts.push({ before, of })
  }
  return new ObjectPlan(parts)
}

function planField(
  type: GraphQLObjectType,
  selection: Selection,
  at: number,
  planning: Planning,
): RowField | ResolvedField {
  const { nodes } = selection
  const name = nodes[0]?.name.value ?? ''
  if (name === '__typename') return { read: () => type.name, shape: new LeafShape(fixedPrinter(type.name), false) }
  const field = type.getFields()[name]
  if (field === undefined) throw new Error(`${type.name}.${name} cannot be planned.`)
  const shape = () => shapeOf(field.type, selectionsOf(nodes), planning)
  return rowField(field, shape) ?? new ResolvedField(field, selection, at, shape)
}

function selectionsOf(nodes: readonly FieldNode[]): SelectionSetNode[] {
  return nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
}

function rowField(field: GraphQLField<unknown, Context>, shapeOfObjects: () => Shape): RowField | undefined {
  const { readRow: read } = field.extensions
  const inner = getNullableType(field.type)
  if (read === undefined || isListType(inner)) return undefined
  if (isLeafType(inner))
    return { read, shape: new LeafShape(countingPrinter(inner), !isNonNullType(field.type)), column: columnOf(field) }
  const shape = shapeOfObjects()
  return shape.isOfRow ? { read, shape } : undefined
}

function shapeOf(type: GraphQLOutputType, selections: readonly SelectionSetNode[], planning: Planning): Shape {
  const canBeNull = !isNonNullType(type)
  const inner = getNullableType(type)
  if (isLeafType(inner)) return new LeafShape(leafPrinter(inner), canBeNull)
  if (isListType(inner)) return new ListShape(shapeOf(inner.ofType, selections, planning), canBeNull)
  if (isObjectType(inner)) return new ObjectShape(planObject(inner, selections, planning), canBeNull)
  const types = planning.schema.getPossibleTypes(inner)
  const plans = new Map(types.map((one) => [one.name, planObject(one, selections, planning)]))
  return new AbstractShape(inner, plans, canBeNull)
}
