/** Valid documents for any schema, with arguments, aliases, fragments, directives and variables, made from a tape. */
import type { GraphQLArgument, GraphQLField, GraphQLInputType, GraphQLNamedType, GraphQLSchema } from 'graphql'
import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import type { Tape } from './tape.ts'

export interface GeneratedRequest {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

export interface GeneratorOptions {
  /** A value for a scalar; undefined leaves the argument out where it may be. */
  readonly scalar: (type: string, argument: string) => unknown
  /** Sometimes instead of a value of the right type. */
  readonly wild?: (() => unknown) | undefined
  readonly fields: number
  readonly depth: number
}

const directiveLimit = 8

/** Valid unless wild values are asked for, and within the default limits of the gateway but for its cost. */
export function generatedRequest(schema: GraphQLSchema, tape: Tape, options: GeneratorOptions): GeneratedRequest {
  const variables: Record<string, unknown> = {}
  const declared: string[] = []
  const fragments: string[] = []
  let fieldsLeft = options.fields
  let directives = 0
  let names = 0

  const valueFor = (type: GraphQLInputType, argument: string): unknown => {
    if (isNonNullType(type)) return valueFor(type.ofType, argument) ?? 'x'
    if (options.wild !== undefined && tape.oneIn(6)) return options.wild()
    if (isListType(type)) return Array.from({ length: tape.below(4) }, () => valueFor(type.ofType, argument))
    if (isEnumType(type)) return type.getValues()[tape.below(type.getValues().length)]?.name
    if (!isInputObjectType(type)) return options.scalar(type.name, argument)
    const given = Object.values(type.getFields()).filter(() => tape.oneIn(4))
    return Object.fromEntries(given.map((field) => [field.name, valueFor(field.type, field.name)]))
  }

  const literalOf = (value: unknown, type: GraphQLInputType): string => {
    if (isNonNullType(type)) return literalOf(value, type.ofType)
    if (value === null || value === undefined) return 'null'
    if (Array.isArray(value)) return `[${value.map((one) => literalOf(one, isListType(type) ? type.ofType : type))}]`
    if (isEnumType(type) && typeof value === 'string') return value
    if (typeof value !== 'object') return JSON.stringify(value)
    const fields = isInputObjectType(type) ? type.getFields() : {}
    const printed = Object.entries(value).map(([name, one]) => `${name}: ${literalOf(one, fields[name]?.type ?? type)}`)
    return `{ ${printed.join(', ')} }`
  }

  const argumentOf = ({ name, type }: GraphQLArgument): string => {
    const value = valueFor(type, name)
    if (!tape.oneIn(3)) return `${name}: ${literalOf(value, type)}`
    const variable = `v${names++}`
    // A value that is left out, and one that only the default gives.
    const byDefault = tape.oneIn(3) && !isNonNullType(type)
    declared.push(`$${variable}: ${type}${byDefault ? ` = ${literalOf(value, type)}` : ''}`)
    if (!byDefault) variables[variable] = value
    return `${name}: $${variable}`
  }

  const argumentsOf = (field: GraphQLField<unknown, unknown>): string => {
    const given = field.args.filter(({ type }) => isNonNullType(type) || tape.oneIn(3))
    return given.length === 0 ? '' : `(${given.map(argumentOf).join(', ')})`
  }

  const directive = (): string => {
    if (directives >= directiveLimit || !tape.oneIn(8)) return ''
    directives++
    return ` @${tape.pick(['skip', 'include'])}(if: ${tape.pick(['true', 'false'])})`
  }

  const fieldOf = (field: GraphQLField<unknown, unknown>, named: boolean, depth: number): string => {
    fieldsLeft--
    const given = argumentsOf(field)
    const type = getNamedType(field.type)
    // What has arguments of its own, or stands where another type may have the same name, could not be merged.
    const alias = given !== '' || named || tape.oneIn(6) ? `a${names++}: ` : ''
    const below = isCompositeType(type) ? ` ${setOf(type, depth - 1)}` : ''
    return `${alias}${field.name}${given}${directive()}${below}`
  }

  const partOf = (type: GraphQLNamedType, depth: number): string => {
    const possible = isAbstractType(type) ? [...schema.getPossibleTypes(type)] : [type]
    const inner = possible[tape.below(possible.length)] ?? type
    const isOther = inner !== type
    if (tape.oneIn(3)) {
      const name = `F${names++}`
      fragments.push(`fragment ${name} on ${inner.name} ${setOf(inner, depth, true)}`)
      return `...${name}${directive()}`
    }
    return `...${isOther || tape.oneIn(2) ? ` on ${inner.name}` : ''}${directive()} ${setOf(inner, depth, true)}`
  }

  const setOf = (type: GraphQLNamedType, depth: number, named = false): string => {
    const all = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []
    const reachable = all.filter((field) => depth > 0 || isLeafType(getNamedType(field.type)))
    const parts = Array.from({ length: 1 + tape.below(4) }, () => {
      const field = reachable[tape.below(reachable.length)]
      if (fieldsLeft <= 0 || field === undefined) return '__typename'
      return depth > 0 && tape.oneIn(5) ? partOf(type, depth - 1) : fieldOf(field, named, depth)
    })
    return `{ ${parts.join(' ')} }`
  }

  const query = schema.getQueryType()
  const body = query == null ? '{ __typename }' : setOf(query, options.depth)
  const head = declared.length === 0 ? '' : `query Generated(${declared.join(', ')}) `
  return { query: [head + body, ...fragments].join('\n'), variables }
}
