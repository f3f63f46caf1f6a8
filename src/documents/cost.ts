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
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql'
import { getNamedType, isInterfaceType, isObjectType, Kind, SchemaMetaFieldDef, TypeMetaFieldDef } from 'graphql'
import type { RefusedFields } from '../auth/refused-fields.ts'
import { defaultPageSize, maxPageSize } from '../loaders/keyset.ts'
import { apiName } from './api-name.ts'
import type { Arguments, Reads, Variables } from './arguments.ts'
import { createArguments } from './arguments.ts'
import { fragmentsOf } from './fragments.ts'
import type { IntrospectionCost } from './introspection-cost.ts'
import { introspectionCost } from './introspection-cost.ts'
import type { OperatorSizes } from './list-size.ts'
import { isScan } from './scans.ts'

/** Surcharge for a count or a scan: it reads all rows of a selector, or of a table. */
export const readingCost = { ofSelector: 10, ofAll: 1_000 }

/** Cost of a field that the caller may not read: creating an error takes longer than a value. */
export const refusalCost = 25

/**
 * Characters that cost as much as a value. The name of a field is repeated in each of its values and in the path of each error
 * below; its arguments are read for each of its values.
 */
const costlyLength = { ofName: 64, ofArguments: 1_024 }

export interface Price {
  readonly cost: number
  /** What of the variables the cost depends on. */
  readonly reads: Reads
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

/** What the price of an operation depends on. */
export interface Pricing {
  readonly schema: GraphQLSchema
  /** A valid document, and one of its operations. */
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly variables: Variables
  readonly sizes: OperatorSizes
  /** Fields that fail for this caller. */
  readonly refused?: RefusedFields | undefined
}

export function priceOf(pricing: Pricing): Price {
  const pricer = new Pricer(pricing)
  const cost = pricer.ofOperation(pricing.operation)
  return { cost, reads: pricer.reads }
}

class Pricer {
  readonly #schema: GraphQLSchema
  readonly #root: GraphQLObjectType | undefined
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly #args: Arguments
  readonly #sizes: OperatorSizes
  readonly #refused: RefusedFields
  readonly #introspected: IntrospectionCost
  /** Costs of fragments by name: each is priced once, however often it is spread. */
  readonly #known = new Map<string, Cost>()

  constructor({ schema, document, operation, variables, sizes, refused = none }: Pricing) {
    this.#schema = schema
    this.#root = schema.getRootType(operation.operation) ?? undefined
    this.#fragments = fragmentsOf(document)
    this.#args = createArguments(operation, variables)
    this.#sizes = sizes
    this.#refused = refused
    this.#introspected = introspectionCost(schema, this.#fragments, weightOf)
  }

  get reads(): Reads {
    return this.#args.reads
  }

  ofOperation({ selectionSet }: OperationDefinitionNode): number {
    return this.#ofSet(selectionSet, this.#root).fixed
  }

  #ofSet({ selections }: SelectionSetNode, type: GraphQLNamedType | undefined): Cost {
    return selections.reduce<Cost>((sum, selection) => plus(sum, this.#ofSelection(selection, type)), free)
  }

  #ofSelection(selection: SelectionNode, type: GraphQLNamedType | undefined): Cost {
    switch (selection.kind) {
      case Kind.FIELD:
        return times(weightOf(selection), this.#ofField(selection, type))
      case Kind.FRAGMENT_SPREAD:
        return this.#ofFragment(selection.name.value)
      default: {
        const condition = selection.typeCondition?.name.value
        return this.#ofSet(selection.selectionSet, condition === undefined ? type : this.#schema.getType(condition))
      }
    }
  }

  #ofFragment(name: string): Cost {
    const fragment = this.#fragments.get(name)
    if (fragment === undefined) return free
    const type = this.#schema.getType(fragment.typeCondition.name.value)
    const cost = this.#known.get(name) ?? this.#ofSet(fragment.selectionSet, type)
    this.#known.set(name, cost)
    return cost
  }

  #ofField(field: FieldNode, parent: GraphQLNamedType | undefined): Cost {
    if (parent === this.#root && isIntrospection(field)) return fixed(this.#ofIntrospection(field))
    const definition = definitionOf(field, parent)
    const type = definition && getNamedType(definition.type)
    const below = field.selectionSet === undefined ? free : this.#ofSet(field.selectionSet, type)
    if (isPage(parent)) return inPage(field, below)
    if (parent && definition && this.#refused.has(`${apiName(parent)}.${apiName(definition)}`))
      return fixed(refusalCost)
    const ofReading = definition?.extensions.readingCost?.((name) => this.#args.value(field, name)) ?? 0
    // Not a page of a connection, but counted as one.
    if (definition?.extensions.isSizedAbove === true) return { ...free, fixed: 1, perRow: 1 + below.fixed }
    const own = 1 + ofReading + this.#args.timesAsLong(field, costlyLength.ofArguments)
    if (!isPage(type)) return fixed(own + this.#ofItems(field, definition, below))
    const page = below.fixed + below.perRow * pageSize(field, definition, this.#args)
    if (isChanges(type)) return fixed(own + readingCost.ofSelector + page)
    return fixed(own + page + this.#ofReading(field, definition, parent === this.#root, below))
  }

  /** Each object of a list counts for itself, as each row of a page does. */
  #ofItems(field: FieldNode, definition: FieldDefinition | undefined, { fixed, perRow }: Cost): number {
    const { listSize, sizeBelow } = definition?.extensions ?? {}
    const argument = (name: string) => this.#args.value(field, name)
    if (sizeBelow !== undefined) return fixed + perRow * sizeBelow(argument)
    if (listSize === undefined) return fixed
    return listSize(argument, this.#sizes) * (1 + fixed)
  }

  /** What the database reads besides the page. */
  #ofReading(
    field: FieldNode,
    definition: FieldDefinition | undefined,
    ofAll: boolean,
    { counts, reads }: Cost,
  ): number {
    const filterType = definition?.args.find(({ name }) => name === 'filter')?.type
    const order = definition?.args.find(({ name }) => name === 'orderBy')?.defaultValue
    const scanned = isScan(
      filterType && apiName(getNamedType(filterType)),
      this.#args.outline(field, 'filter'),
      this.#args.value(field, 'orderBy') ?? order,
    )
    const scans = scanned && reads > 0 ? 1 : 0
    return ofAll ? (counts + scans) * readingCost.ofAll : scans * readingCost.ofSelector
  }

  #ofIntrospection(field: FieldNode): number {
    const { selectionSet } = field
    if (selectionSet === undefined) return 1
    if (field.name.value === '__schema')
      return 1 + this.#introspected(selectionSet, getNamedType(SchemaMetaFieldDef.type), this.#schema)
    const name = this.#args.value(field, 'name')
    const type = typeof name === 'string' ? this.#schema.getType(name) : undefined
    return 1 + (type === undefined ? 0 : this.#introspected(selectionSet, getNamedType(TypeMetaFieldDef.type), type))
  }
}

type FieldDefinition = GraphQLField<unknown, unknown>

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

function inPage(field: FieldNode, below: Cost): Cost {
  switch (field.name.value) {
    case 'nodes':
    case 'edges':
    case 'events':
      return { ...free, fixed: 1, perRow: 1 + below.fixed, reads: 1 }
    case 'totalCount':
    case 'rangeCount':
      return { ...free, fixed: readingCost.ofSelector, counts: 1 }
    case 'pageInfo':
      return { ...free, fixed: 1 + below.fixed, reads: 1 }
    default:
      return fixed(1)
  }
}

export function isConnection(type: GraphQLNamedType | undefined): boolean {
  return type?.name.endsWith('Connection') === true
}

/** It reads all rows of a selector, whatever is selected of it. */
export function isChanges(type: GraphQLNamedType | undefined): boolean {
  return type !== undefined && apiName(type) === 'Changes'
}

function isPage(type: GraphQLNamedType | undefined): boolean {
  return isConnection(type) || isChanges(type)
}

/** A size out of range is refused when the field is executed; here it counts as the largest. An empty page counts as one row. */
function pageSize(field: FieldNode, definition: FieldDefinition | undefined, args: Arguments): number {
  const byDefault = definition?.args.find(({ name }) => name === 'first')?.defaultValue ?? defaultPageSize
  const size = args.value(field, 'first') ?? args.value(field, 'last') ?? byDefault
  return typeof size === 'number' && size >= 0 && size <= maxPageSize ? Math.max(1, size) : maxPageSize
}
