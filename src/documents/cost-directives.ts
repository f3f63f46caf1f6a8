/** Prints the rules of cost.ts and scans.ts as directives of the SDL, for tools that plan queries. */
import type { GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema } from 'graphql'
import {
  DirectiveLocation,
  GraphQLBoolean,
  GraphQLDirective,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  getNamedType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
} from 'graphql'
import { defaultPageSize } from '../loaders/keyset.ts'
import { isChanges, isConnection, readingCost, refusalCost } from './cost.ts'
import { isScan } from './scans.ts'

const names = new GraphQLList(new GraphQLNonNull(GraphQLString))

/** The directives of the IBM cost specification. */
export const costDirectives: readonly GraphQLDirective[] = [
  new GraphQLDirective({
    name: 'cost',
    description:
      'What a field or a condition adds to the cost of a query, which has a limit and is charged to the rate limit. A field without it ' +
      'weighs 1 for each object that it is selected on, a leaf as well; each item of a list weighs 1 more. Over all selectors, in ' +
      `the lists of Query, each of \`totalCount\` and \`rangeCount\` weighs ${readingCost.ofAll} more, and a filter with any weighted condition weighs ` +
      `${readingCost.ofAll} altogether. A statistic weighs so much for each day that its span has begun, and twice that by APP. Its ` +
      '`rows` count as its times, by DAY two more than those days, by HOUR 24 for each of them and 2 more, else 1, for each of its groups: ' +
      '`first`, by REASON alone at most 5, without groups 1; altogether at most their assumed size. ' +
      `A field that is FORBIDDEN to the caller weighs ${refusalCost}.`,
    locations: [
      DirectiveLocation.ARGUMENT_DEFINITION,
      DirectiveLocation.ENUM,
      DirectiveLocation.FIELD_DEFINITION,
      DirectiveLocation.INPUT_FIELD_DEFINITION,
      DirectiveLocation.OBJECT,
      DirectiveLocation.SCALAR,
    ],
    args: { weight: { type: new GraphQLNonNull(GraphQLString), description: 'Points, a number.' } },
  }),
  new GraphQLDirective({
    name: 'listSize',
    description: 'How many items a list counts as in the cost of a query. An empty page counts as one item.',
    locations: [DirectiveLocation.FIELD_DEFINITION],
    args: {
      assumedSize: {
        type: GraphQLInt,
        description: 'Items if no slicing argument is given; without slicing arguments the most that the list returns.',
      },
      slicingArguments: {
        type: names,
        description: 'Arguments that give the number of items; the first one given counts.',
      },
      sizedFields: { type: names, description: 'Fields of the connection that are the list.' },
      requireOneSlicingArgument: {
        type: GraphQLBoolean,
        defaultValue: true,
        description: 'Whether exactly one slicing argument has to be given.',
      },
    },
  }),
]

/** Adds the directives to the extensions of the schema's fields, from where they are printed. */
export function withCostDirectives(schema: GraphQLSchema): GraphQLSchema {
  const filtered = new Map<GraphQLInputObjectType, FilteredList[]>()
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    for (const field of Object.values(type.getFields())) {
      describeField(type, field)
      const filter = getNamedType(field.args.find(({ name }) => name === 'filter')?.type)
      if (isInputObjectType(filter)) filtered.set(filter, [...(filtered.get(filter) ?? []), { type, field }])
    }
  }
  for (const [filter, lists] of filtered) {
    describeConditions(
      filter,
      lists,
      lists.every(({ type }) => type === schema.getQueryType()),
    )
  }
  return schema
}

interface FilteredList {
  readonly type: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
}

function describeField(parent: GraphQLObjectType, field: GraphQLField<unknown, unknown>): void {
  const { assumedSize, readingCost: ofReading, slices } = field.extensions
  if (isConnection(parent) && (field.name === 'totalCount' || field.name === 'rangeCount'))
    add(field, 'cost', { weight: String(readingCost.ofSelector) })
  if (isConnection(getNamedType(field.type))) {
    add(field, 'listSize', {
      assumedSize: defaultPageSize,
      slicingArguments: ['first', 'last'],
      sizedFields: ['edges', 'nodes'],
      requireOneSlicingArgument: false,
    })
  } else if (isChanges(getNamedType(field.type))) {
    add(field, 'cost', { weight: String(readingCost.ofSelector) })
    add(field, 'listSize', {
      assumedSize: field.args.find(({ name }) => name === 'first')?.defaultValue,
      slicingArguments: ['first'],
      sizedFields: ['events'],
      requireOneSlicingArgument: false,
    })
  } else if (slices !== undefined) {
    add(field, 'listSize', {
      assumedSize: field.args.find(({ name }) => name === 'first')?.defaultValue,
      slicingArguments: ['first'],
      sizedFields: [slices],
      requireOneSlicingArgument: false,
    })
  } else if (assumedSize !== undefined) add(field, 'listSize', { assumedSize })
  if (ofReading !== undefined) add(field, 'cost', { weight: String(ofReading((name) => aDay[name])) })
}

const aDay: Readonly<Record<string, unknown>> = { since: '2026-11-22T00:00:00Z', until: '2026-11-23T00:00:00Z' }

/** Weighs the conditions that no index serves in the default order of the lists. */
function describeConditions(filter: GraphQLInputObjectType, lists: readonly FilteredList[], isOfAll: boolean): void {
  const weight = String(isOfAll ? readingCost.ofAll : readingCost.ofSelector)
  for (const condition of Object.values(filter.getFields())) {
    const isWeighed = lists.some(({ field }) =>
      isScan(
        filter.name,
        { [condition.name]: 'given' },
        field.args.find(({ name }) => name === 'orderBy')?.defaultValue,
      ),
    )
    if (isWeighed) add(condition, 'cost', { weight })
  }
}

interface Described {
  extensions: object
}

function add(described: Described, name: string, args: object): void {
  const { directives } = { directives: {}, ...described.extensions }
  described.extensions = { ...described.extensions, directives: { ...directives, [name]: args } }
}
