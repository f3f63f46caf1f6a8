/**
 * The cost of a query is the number of values that its answer may hold, and a surcharge for counts and scans. It is computed before
 * the query runs: every field counts once for each object that may have it. A page counts as many objects as `first` or `last`
 * says, 20 by default, and at least one.
 */
import type {
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql'
import { getNamedType, isInterfaceType, isObjectType, Kind, SchemaMetaFieldDef, TypeMetaFieldDef } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import { defaultPageSize, maxPageSize } from '../loaders/keyset.ts'
import type { Arguments, Variables } from './arguments.ts'
import { createArguments } from './arguments.ts'
import { introspectionCost } from './introspection-cost.ts'
import { isScan } from './scans.ts'

/** Surcharge for a count or a scan: it reads all rows of a selector, or of a table. */
const readingCost = { ofSelector: 10, ofAll: 1_000 }

/** How many objects a list field may give that is not a connection. */
export type ListSizes = Readonly<Record<string, number>>

const fixedSizes: ListSizes = { 'Database.tableVersions': 100 }

/** Cost of a field that the caller may not read: creating an error takes longer than a value. */
const refusalCost = 25

/**
 * Characters that cost as much as a value. The name of a field is repeated in each of its values and in the path of each error
 * below; its arguments are read for each of its values.
 */
export const costlyLength = { ofName: 64, ofArguments: 1_024 }

export interface Price {
  readonly cost: number
  /** Whether the cost depends on variables. */
  readonly byVariable: boolean
}

/** Cost of a selection. Outside of a connection only `fixed` is not 0. */
interface Cost {
  readonly fixed: number
  /** Multiplied by the size of the page. */
  readonly perRow: number
  /** How often the rows are counted. */
  readonly counts: number
  /** How many fields need the page, which is read once. */
  readonly reads: number
}

const none: RefusedFields = new Set()
const free: Cost = { fixed: 0, perRow: 0, counts: 0, reads: 0 }

/** Computes the cost of an operation. The document must be valid. */
export function priceOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Variables,
  listSizes: ListSizes,
  refused: RefusedFields = none,
): Price {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const args = createArguments(operation, given)
  const query = schema.getQueryType() ?? undefined
  const introspected = introspectionCost(schema, fragments, weightOf)
  const known = new Map<string, Cost>()

  const ofFragment = (name: string): Cost => {
    const fragment = fragments.get(name)
    if (fragment === undefined) return free
    const cost = known.get(name) ?? ofSet(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value))
    known.set(name, cost)
    return cost
  }

  const ofSet = (set: SelectionSetNode, type: GraphQLNamedType | undefined): Cost =>
    set.selections.reduce<Cost>((sum, selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return plus(sum, times(weightOf(selection), ofField(selection, type)))
        case Kind.FRAGMENT_SPREAD:
          return plus(sum, ofFragment(selection.name.value))
        default: {
          const condition = selection.typeCondition?.name.value
          return plus(sum, ofSet(selection.selectionSet, condition === undefined ? type : schema.getType(condition)))
        }
      }
    }, free)

  const ofField = (field: FieldNode, parent: GraphQLNamedType | undefined): Cost => {
    if (parent === query && isIntrospection(field)) return fixed(ofIntrospection(field))
    const definition = definitionOf(field, parent)
    const type = definition && getNamedType(definition.type)
    const below = field.selectionSet === undefined ? free : ofSet(field.selectionSet, type)
    if (isConnection(parent)) return inConnection(field, below)
    const path = `${parent?.name}.${field.name.value}`
    if (refused.has(path)) return fixed(refusalCost)
    const own = 1 + Math.floor(args.length(field) / costlyLength.ofArguments)
    if (!isConnection(type)) return fixed(own + ofList(path, field, below))
    return fixed(own + ofReading(field, definition, parent === query, below) + ofPage(field, below))
  }

  /** Cost below a field that is not a connection. Each object of a list counts as one value more, as a row of a page does. */
  const ofList = (path: string, field: FieldNode, { fixed }: Cost): number => {
    const size = path === 'Query.nodes' ? numberOfIds(field, args) : (listSizes[path] ?? fixedSizes[path])
    return size === undefined ? fixed : size * (1 + fixed)
  }

  const ofPage = (field: FieldNode, below: Cost): number => below.fixed + below.perRow * pageSize(field, args)

  /** Surcharge for what the database reads in addition to the page. */
  const ofReading = (
    field: FieldNode,
    definition: GraphQLField<unknown, unknown> | undefined,
    ofAll: boolean,
    { counts, reads }: Cost,
  ): number => {
    const filterType = definition?.args.find(({ name }) => name === 'filter')?.type
    const order = definition?.args.find(({ name }) => name === 'orderBy')?.defaultValue
    const scanned = isScan(
      filterType && getNamedType(filterType).name,
      args.value(field, 'filter'),
      args.value(field, 'orderBy') ?? order,
    )
    const scans = scanned && reads > 0 ? 1 : 0
    if (ofAll) return (counts + scans) * readingCost.ofAll
    return scans * readingCost.ofSelector
  }

  const ofIntrospection = (field: FieldNode): number => {
    const { selectionSet } = field
    if (selectionSet === undefined) return 1
    if (field.name.value === '__schema')
      return 1 + introspected(selectionSet, getNamedType(SchemaMetaFieldDef.type), schema)
    const type = schema.getType(String(args.value(field, 'name')))
    return 1 + (type === undefined ? 0 : introspected(selectionSet, getNamedType(TypeMetaFieldDef.type), type))
  }

  const cost = ofSet(operation.selectionSet, query).fixed
  return { cost, byVariable: args.byVariable }
}

function plus(one: Cost, other: Cost): Cost {
  return {
    fixed: one.fixed + other.fixed,
    perRow: one.perRow + other.perRow,
    counts: one.counts + other.counts,
    reads: one.reads + other.reads,
  }
}

function times(factor: number, { fixed, perRow, counts, reads }: Cost): Cost {
  return { fixed: factor * fixed, perRow: factor * perRow, counts, reads }
}

function fixed(cost: number): Cost {
  return { ...free, fixed: cost }
}

/** A long name multiplies what is below as well, because the path of an error repeats it. */
function weightOf({ alias, name }: FieldNode): number {
  return 1 + Math.floor((alias ?? name).value.length / costlyLength.ofName)
}

function isIntrospection({ name }: FieldNode): boolean {
  return name.value === '__schema' || name.value === '__type'
}

function definitionOf(field: FieldNode, parent: GraphQLNamedType | undefined) {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined
}

function inConnection(field: FieldNode, below: Cost): Cost {
  switch (field.name.value) {
    case 'nodes':
    case 'edges':
      return { ...free, fixed: 1, perRow: 1 + below.fixed, reads: 1 }
    case 'totalCount':
      return { ...free, fixed: readingCost.ofSelector, counts: 1 }
    case 'pageInfo':
      return { ...free, fixed: 1 + below.fixed, reads: 1 }
    default:
      return fixed(1)
  }
}

function isConnection(type: GraphQLNamedType | undefined): boolean {
  return type?.name.endsWith('Connection') === true
}

function numberOfIds(field: FieldNode, args: Arguments): number {
  const ids = args.value(field, 'ids')
  return Array.isArray(ids) ? ids.length : 1
}

/** A size out of range is refused when the field is executed; here it counts as the largest. An empty page counts as one row. */
function pageSize(field: FieldNode, args: Arguments): number {
  const size = args.value(field, 'first') ?? args.value(field, 'last') ?? defaultPageSize
  return typeof size === 'number' && size >= 0 && size <= maxPageSize ? Math.max(1, size) : maxPageSize
}
