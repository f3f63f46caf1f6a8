/**
 * Lists that are printed already, where graphql-js executes once more for an error elsewhere. It is given a document without them, because
 * it would resolve and complete each of their rows again.
 */
import type { DefinitionNode, DocumentNode, FieldNode, SelectionNode, SelectionSetNode } from 'graphql'
import { Kind } from 'graphql'
import type { ResolvedField } from './object-plan.ts'
import { Resolved } from './object-plan.ts'
import { PrintedList } from './shapes.ts'

/** The selections of lists that are printed wherever they are resolved. */
export function printedSelections(root: Resolved): ReadonlySet<FieldNode> {
  const printed = new Set<ResolvedField>()
  const others = new Set<ResolvedField>()
  forEachField(root, (field, value) => (value instanceof PrintedList ? printed : others).add(field))
  const left = new Set([...printed].flatMap(({ nodes }) => nodes))
  // Selections of one field are merged, so all of them are left out, or none. Another field may share some of them.
  for (let keeping = others; keeping.size > 0; keeping = keptWith(printed, left)) {
    for (const field of keeping) {
      printed.delete(field)
      for (const node of field.nodes) left.delete(node)
    }
  }
  return left
}

/** The fields of which a selection is not left out. */
function keptWith(printed: ReadonlySet<ResolvedField>, left: ReadonlySet<FieldNode>): Set<ResolvedField> {
  return new Set([...printed].filter(({ nodes }) => !nodes.every((node) => left.has(node))))
}

export interface Reduced {
  readonly document: DocumentNode
  /** The selections in it, by those of the whole document. */
  readonly selections: ReadonlyMap<FieldNode, FieldNode>
}

/** The document with a name in the place of each of these selections. */
export function withoutSelections({ definitions, ...document }: DocumentNode, left: ReadonlySet<FieldNode>): Reduced {
  const selections = new Map<FieldNode, FieldNode>()
  const reduceSet = (set: SelectionSetNode): SelectionSetNode => ({ ...set, selections: set.selections.map(reduce) })
  const reduce = (selection: SelectionNode): SelectionNode => {
    if (selection.kind === Kind.FRAGMENT_SPREAD || selection.selectionSet === undefined) return selection
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return { ...selection, selectionSet: reduceSet(selection.selectionSet) }
    const reduced = left.has(selection)
      ? nameInPlaceOf(selection)
      : { ...selection, selectionSet: reduceSet(selection.selectionSet) }
    selections.set(selection, reduced)
    return reduced
  }
  const reduceDefinition = (definition: DefinitionNode): DefinitionNode =>
    definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION
      ? { ...definition, selectionSet: reduceSet(definition.selectionSet) }
      : definition
  return { document: { ...document, definitions: definitions.map(reduceDefinition) }, selections }
}

function nameInPlaceOf({ name, alias = name }: FieldNode): FieldNode {
  return { kind: Kind.FIELD, alias, name: { kind: Kind.NAME, value: '__typename' } }
}

/** Puts the lists into the data, where their object is there. */
export function spliceInto(data: unknown, { plan, values }: Resolved, left: ReadonlySet<FieldNode>): void {
  if (typeof data !== 'object' || data === null) return
  const target = data as Record<string, unknown>
  for (const { key, at, nodes } of plan.fields) {
    const value = values[at]
    if (value instanceof PrintedList && nodes.every((node) => left.has(node))) target[key] = value
    else spliceBelow(target[key], value, left)
  }
}

function spliceBelow(data: unknown, value: unknown, left: ReadonlySet<FieldNode>): void {
  if (value instanceof Resolved) spliceInto(data, value, left)
  else if (Array.isArray(value) && Array.isArray(data))
    for (const [index, item] of value.entries()) spliceBelow(data[index], item, left)
}

function forEachField({ plan, values }: Resolved, visitField: (field: ResolvedField, value: unknown) => void): void {
  for (const field of plan.fields) {
    visitField(field, values[field.at])
    forEachBelow(values[field.at], visitField)
  }
}

function forEachBelow(value: unknown, visitField: (field: ResolvedField, value: unknown) => void): void {
  if (value instanceof Resolved) forEachField(value, visitField)
  else if (Array.isArray(value)) for (const item of value) forEachBelow(item, visitField)
}
