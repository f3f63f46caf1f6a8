/** Computes the cost of queries from the printed SDL alone, and compares it with the cost that is charged. */
import fc from 'fast-check'
import type {
  ConstDirectiveNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLNamedType,
  SelectionSetNode,
} from 'graphql'
import {
  buildSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  valueFromASTUntyped,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { priceOf } from '../../src/documents/cost.ts'
import { printSdl, schema } from '../../src/graph/schema.ts'
import { generatedRequest } from '../support/generated-documents.ts'
import { seededTape } from '../support/tape.ts'

const printed = buildSchema(printSdl())
const overAll = 1_000
/** What a day of a statistic costs. */
const aDay = 500
const week = 'since: "2026-11-01T00:00:00Z", until: "2026-11-08T00:00:00Z"'

interface Directed {
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined
}

function argumentsOf({ astNode }: Directed, name: string): Readonly<Record<string, unknown>> | undefined {
  const found = astNode?.directives?.find((one) => one.name.value === name)
  return (
    found && Object.fromEntries((found.arguments ?? []).map((one) => [one.name.value, valueFromASTUntyped(one.value)]))
  )
}

/** For each day that the span has begun, at most 31; twice by APP. */
function statisticWeight(definition: GraphQLField<unknown, unknown>, argument: (name: string) => unknown): number {
  const weight = Number(argumentsOf(definition, 'cost')?.['weight'] ?? 0)
  if (weight < aDay || definition.args.every(({ name }) => name !== 'until')) return weight
  return weight * daysOf(argument) * ([argument('by')].flat().includes('APP') ? 2 : 1)
}

function daysOf(argument: (name: string) => unknown): number {
  const days = Math.ceil((Date.parse(String(argument('until'))) - Date.parse(String(argument('since')))) / 86_400_000)
  return days >= 1 && days <= 31 ? days : 31
}

/** The rows of a statistic, before their assumed size: undefined for another field. */
function rowsOf({ args }: GraphQLField<unknown, unknown>, argument: (name: string) => unknown): number | undefined {
  if (args.every(({ name }) => name !== 'by')) return undefined
  const by = [argument('by')].flat()
  const times = by.includes('HOUR') ? 24 * daysOf(argument) + 2 : by.includes('DAY') ? daysOf(argument) + 2 : 1
  const groups = by.filter((dimension) => dimension !== 'HOUR' && dimension !== 'DAY')
  const given = Number(argument('first') ?? args.find(({ name }) => name === 'first')?.defaultValue)
  const first = given >= 0 && given <= 100 ? Math.max(1, given) : 100
  if (groups.length === 0) return times
  return times * (groups.every((dimension) => dimension === 'REASON') ? Math.min(5, first) : first)
}

/** A reader of the directives, as a tool would be. */
function costBySdl(text: string, variables: Readonly<Record<string, unknown>>): number {
  const { definitions } = parse(text)
  const fragments = new Map<string, FragmentDefinitionNode>()
  const defaults: Record<string, unknown> = {}
  for (const one of definitions) {
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one)
    else if (one.kind === Kind.OPERATION_DEFINITION)
      for (const { variable, defaultValue } of one.variableDefinitions ?? [])
        if (defaultValue !== undefined) defaults[variable.name.value] = valueFromASTUntyped(defaultValue)
  }
  const given = { ...defaults, ...variables }
  const argumentOf = (field: FieldNode, name: string): unknown => {
    const value = field.arguments?.find((one) => one.name.value === name)?.value
    return value && valueFromASTUntyped(value, given)
  }

  const fieldsOf = (set: SelectionSetNode, type: GraphQLNamedType): [FieldNode, GraphQLNamedType][] =>
    set.selections.flatMap((one): [FieldNode, GraphQLNamedType][] => {
      if (one.kind === Kind.FIELD) return [[one, type]]
      const part = one.kind === Kind.FRAGMENT_SPREAD ? fragments.get(one.name.value) : one
      const condition = part?.typeCondition && printed.getType(part.typeCondition.name.value)
      return part === undefined ? [] : fieldsOf(part.selectionSet, condition ?? type)
    })

  const definitionOf = (field: FieldNode, type: GraphQLNamedType) =>
    isObjectType(type) || isInterfaceType(type) ? type.getFields()[field.name.value] : undefined

  const ofSet = (set: SelectionSetNode | undefined, type: GraphQLNamedType, rows?: number): number =>
    set === undefined ? 0 : fieldsOf(set, type).reduce((sum, [field, of]) => sum + ofField(field, of, rows), 0)

  const ofField = (field: FieldNode, parent: GraphQLNamedType, most = Number.POSITIVE_INFINITY): number => {
    const definition = definitionOf(field, parent)
    if (definition === undefined) return 1
    const size = argumentsOf(definition, 'listSize')
    if (size?.['sizedFields'] !== undefined)
      return ofConnection(field, definition, size, parent === printed.getQueryType())
    const argument = (name: string) => argumentOf(field, name)
    const below = ofSet(field.selectionSet, getNamedType(definition.type), rowsOf(definition, argument))
    const own = 1 + statisticWeight(definition, argument)
    return size === undefined ? own + below : own + Math.min(most, Number(size['assumedSize'])) * (1 + below)
  }

  const ofConnection = (
    field: FieldNode,
    definition: GraphQLField<unknown, unknown>,
    { assumedSize, slicingArguments, sizedFields }: Readonly<Record<string, unknown>>,
    isOfAll: boolean,
  ): number => {
    const { args, type } = definition
    const slices = [slicingArguments].flat().map((name) => argumentOf(field, String(name)))
    const given = Math.max(1, Number(slices.find((one) => one != null) ?? assumedSize))
    const size = Math.min(given, 100)
    const inner = field.selectionSet === undefined ? [] : fieldsOf(field.selectionSet, getNamedType(type))
    const parts = inner.map(([one, of]) => ofPart(one, of, [sizedFields].flat().includes(one.name.value) ? size : null))
    const counts = parts.filter(({ isCount }) => isCount).length
    const weights = parts.some(({ reads }) => reads) ? weightsOf(field, args) : []
    const scan = isOfAll ? overAll : Math.max(...weights)
    const own = 1 + statisticWeight(definition, (name) => argumentOf(field, name))
    const values = parts.reduce((sum, { cost }) => sum + cost, own)
    return values + (isOfAll ? overAll * counts : 0) + (weights.length === 0 ? 0 : scan)
  }

  /** A field of a connection: a list of this many items, or another field. */
  const ofPart = (field: FieldNode, parent: GraphQLNamedType, items: number | null) => {
    const definition = definitionOf(field, parent)
    if (definition === undefined) return { cost: 1, isCount: false, reads: false }
    const weight = argumentsOf(definition, 'cost')
    if (weight !== undefined) return { cost: Number(weight['weight']), isCount: true, reads: false }
    const below = ofSet(field.selectionSet, getNamedType(definition.type))
    return { cost: 1 + (items === null ? below : items * (1 + below)), isCount: false, reads: true }
  }

  /** Of the conditions that are given and have one. */
  const weightsOf = (field: FieldNode, args: GraphQLField<unknown, unknown>['args']): number[] => {
    const filter = getNamedType(args.find(({ name }) => name === 'filter')?.type)
    const conditions = isInputObjectType(filter) ? filter.getFields() : {}
    return Object.entries(Object(argumentOf(field, 'filter'))).flatMap(([name, value]) => {
      const condition = restricts(value) ? conditions[name] : undefined
      const weight = condition && argumentsOf(condition, 'cost')
      return weight === undefined ? [] : [Number(weight['weight'])]
    })
  }

  const [operation] = definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
  return ofSet(operation?.selectionSet, printed.getQueryType() ?? expect.unreachable())
}

function restricts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value != null
  return Object.values(value).some(restricts)
}

function charged(text: string, variables: Readonly<Record<string, unknown>>): number {
  const document = parse(text)
  const [operation] = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
  if (operation === undefined) throw new Error('There is no operation.')
  return priceOf({ schema, document, operation, variables, sizes: { allowedSettings: 50 } }).cost
}

describe('The cost directives of the SDL', () => {
  it.each([
    ['{ viewer { name } }', 2],
    ['{ selector(name: "x") { calls { totalCount nodes { id } } } }', 1 + 1 + 10 + 1 + 20 * 2],
    ['{ calls(first: 3) { totalCount } }', 1 + 10 + 1_000],
    ['{ selector(name: "x") { installations(first: 3) { totalCount nodes { id } } } }', 1 + 1 + 100 + 10 + 1 + 3 * 2],
    ['{ calls(filter: { caller: { domain: "x" } }, first: 3) { nodes { id } } }', 1 + 1 + 3 * 2 + 1_000],
    [
      '{ selector(name: "x") { calls(filter: { missedReasons: [] }, last: 3) { nodes { id } } } }',
      1 + 1 + 1 + 3 * 2 + 10,
    ],
    ['{ calls(filter: { caller: { domain: null }, since: "2026-01-01T00:00:00Z" }, first: 3) { nodes { id } } }', 8],
    ['{ selector(name: "x") { changes { token events { id } } } }', 1 + 1 + 10 + 1 + 1 + 50 * 2],
    ['{ database { tableVersions { name } } }', 1 + 1 + 100 * 2],
    [`{ callStats(${week}, by: [REASON, DAY]) { rows { count } } }`, 1 + 7 * aDay + 1 + 9 * 5 * 2],
    [`{ selector(name: "x") { callStats(${week}, by: REASON) { rows { count } } } }`, 1 + 1 + 10 + 1 + 5 * 2],
    [`{ pushTestStats(${week}, by: [APP, HOUR], first: 2) { rows { sent } } }`, 1 + 14 * aDay + 1 + 170 * 2 * 2],
    [`{ topCallers(${week}, first: 7) { nodes { count } asOf } }`, 1 + 21 * aDay + 1 + 7 * 2 + 1],
    ['{ selectors(filter: { prefix: "x" }) { pageInfo { endCursor } } }', 1 + 2 + 1_000],
  ])('say what is charged: %s', (query, cost) => {
    expect([charged(query, {}), costBySdl(query, {})]).toEqual([cost, cost])
  })

  it('say what is charged for generated documents', () => {
    const scalar = (tape: ReturnType<typeof seededTape>) => (type: string) =>
      ({
        ID: 'x',
        Int: tape.below(30),
        Boolean: true,
        DateTime: `2026-01-0${1 + tape.below(9)}T00:00:00Z`,
        String: 'x',
      })[type]
    let compared = 0
    fc.assert(
      fc.property(fc.noBias(fc.integer()), (seed) => {
        const tape = seededTape(seed)
        const { query, variables } = generatedRequest(schema, tape, { scalar: scalar(tape), fields: 30, depth: 7 })
        // Conditions on lastSeen count as scans in this order only, which directives cannot say.
        fc.pre(!JSON.stringify([query, variables]).includes('NAME_ASC'))
        const [cost, bySdl] = [charged(query, variables), costBySdl(query, variables)]
        // nodes counts as many objects as ids are given, at most those that the directive assumes.
        if (/\bnodes\(ids/.test(query)) expect(bySdl, query).toBeGreaterThanOrEqual(cost)
        else {
          expect(bySdl, query).toBe(cost)
          compared++
        }
      }),
      { numRuns: 400 },
    )
    expect(compared).toBeGreaterThan(100)
  })
})
