/**
 * The cost of a query is the number of values that its answer may hold, computed before anything runs: every field counts once
 * for each object that it may be given for. A page counts as many objects as `first` or `last` says, or 20.
 */
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql'
import { getNamedType, isInterfaceType, isObjectType, Kind, valueFromASTUntyped } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import { defaultPageSize, maxPageSize } from '../loaders/keyset.ts'

/** A count reads what it counts: the rows of a selector, or a whole table. */
const countCost = { ofSelector: 10, ofAll: 1_000 }

/** How many objects a field that is a list, but no page, may give. */
export type ListSizes = Readonly<Record<string, number>>

const fixedSizes: ListSizes = { 'Database.tableVersions': 100 }

/** To say that a field is refused is more work than to show it. */
const refusalCost = 25

export type Variables = Readonly<Record<string, unknown>>

/** `fixed + perRow × the size of the page` is what a selection costs; outside of a connection perRow is 0. */
interface Cost {
  readonly fixed: number
  readonly perRow: number
}

const none: RefusedFields = new Set()
const free: Cost = { fixed: 0, perRow: 0 }

/** The document must be valid. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Variables,
  listSizes: ListSizes,
  refused: RefusedFields = none,
): number {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const variables = { ...defaultsOf(operation), ...given }
  const known = new Map<string, Cost>()

  const ofFragment = (name: string): Cost => {
    const fragment = fragments.get(name)
    if (fragment === undefined) return free
    const cost = known.get(name) ?? ofSet(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value))
    known.set(name, cost)
    return cost
  }

  const ofSet = (set: SelectionSetNode, type: GraphQLNamedType | undefined): Cost => {
    let fixed = 0
    let perRow = 0
    for (const selection of set.selections) {
      const cost =
        selection.kind === Kind.FIELD
          ? ofField(selection, type)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? ofFragment(selection.name.value)
            : ofSet(selection.selectionSet, typeCondition(selection.typeCondition?.name.value, type))
      fixed += cost.fixed
      perRow += cost.perRow
    }
    return { fixed, perRow }
  }

  const typeCondition = (name: string | undefined, otherwise: GraphQLNamedType | undefined) =>
    name === undefined ? otherwise : schema.getType(name)

  const ofField = (field: FieldNode, parent: GraphQLNamedType | undefined): Cost => {
    const type = typeOfField(field, parent)
    const below = field.selectionSet === undefined ? free : ofSet(field.selectionSet, type)
    if (isConnection(parent)) return inConnection(field, below)
    const path = `${parent?.name}.${field.name.value}`
    if (refused.has(path)) return { fixed: refusalCost, perRow: 0 }
    if (!isConnection(type)) return { fixed: 1 + ofList(path, field, below), perRow: 0 }
    const counts = parent === schema.getQueryType() && asksForCount(field, fragments) ? countCost.ofAll : 0
    return { fixed: 1 + counts + below.fixed + below.perRow * pageSize(field, variables), perRow: 0 }
  }

  /** What is below a field that is no page: of a list an object counts for itself, as the row of a page does. */
  const ofList = (path: string, field: FieldNode, { fixed }: Cost): number => {
    const size = path === 'Query.nodes' ? numberOfIds(field, variables) : (listSizes[path] ?? fixedSizes[path])
    return size === undefined ? fixed : size * (1 + fixed)
  }

  return ofSet(operation.selectionSet, schema.getQueryType() ?? undefined).fixed
}

function typeOfField(field: FieldNode, parent: GraphQLNamedType | undefined): GraphQLNamedType | undefined {
  const definition = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined
  return definition === undefined ? undefined : getNamedType(definition.type)
}

function inConnection(field: FieldNode, below: Cost): Cost {
  switch (field.name.value) {
    case 'nodes':
    case 'edges':
      return { fixed: 1, perRow: 1 + below.fixed }
    case 'totalCount':
      return { fixed: countCost.ofSelector, perRow: 0 }
    default:
      return { fixed: 1 + below.fixed, perRow: 0 }
  }
}

function isConnection(type: GraphQLNamedType | undefined): boolean {
  return type?.name.endsWith('Connection') === true
}

function numberOfIds(field: FieldNode, variables: Variables): number {
  const ids = argument(field, 'ids', variables)
  return Array.isArray(ids) ? ids.length : 1
}

/** What is out of range is refused when the field is executed; here it counts as much as may be. */
function pageSize(field: FieldNode, variables: Variables): number {
  const size = argument(field, 'first', variables) ?? argument(field, 'last', variables) ?? defaultPageSize
  return typeof size === 'number' && size >= 0 && size <= maxPageSize ? size : maxPageSize
}

function argument(field: FieldNode, name: string, variables: Variables): unknown {
  const value = field.arguments?.find((one) => one.name.value === name)?.value
  return value === undefined ? undefined : valueFromASTUntyped(value, { ...variables })
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  )
}

/** Looks through fragments, each of them once. */
function asksForCount(field: FieldNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): boolean {
  const seen = new Set<string>()
  const within = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return selection.name.value === 'totalCount'
      if (selection.kind === Kind.INLINE_FRAGMENT) return within(selection.selectionSet)
      const name = selection.name.value
      if (seen.has(name)) return false
      seen.add(name)
      return within(fragments.get(name)?.selectionSet)
    }) === true
  return within(field.selectionSet)
}
