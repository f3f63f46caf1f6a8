/** Generates valid documents for any schema, with arguments, aliases, fragments, directives and variables, from a tape. */
import type { GraphQLArgument, GraphQLField, GraphQLInputType, GraphQLNamedType, GraphQLSchema } from 'graphql'
import {
  doTypesOverlap,
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
  isRequiredInputField,
} from 'graphql'
import type { Tape } from './tape.ts'

export interface GeneratedRequest {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

export interface GeneratorOptions {
  /** Generates a value for a scalar; undefined omits an optional argument. */
  readonly scalar: (type: string, argument: string) => unknown
  /** Sometimes used instead of a value of the right type. */
  readonly wild?: (() => unknown) | undefined
  readonly fields: number
  readonly depth: number
  /** One in this many fields and fragments has a directive; default 8. */
  readonly directivesOneIn?: number
  /** Whether a condition may be null, which is an error at execution. */
  readonly nullConditions?: boolean
  /** One in this many selections is a fragment; default 5. */
  readonly partsOneIn?: number
}

const directiveLimit = 8

/** A complete fragment, so that spreading it again causes no cycle. */
interface Fragment {
  readonly name: string
  readonly type: GraphQLNamedType
  readonly depth: number
  /** With nested fragments inlined. */
  readonly fields: number
  readonly named: boolean
}

/** Generates a document that is valid unless wild values are requested, and within the default limits of the gateway except its cost. */
export function generatedRequest(schema: GraphQLSchema, tape: Tape, options: GeneratorOptions): GeneratedRequest {
  const variables: Record<string, unknown> = {}
  const declared: string[] = []
  const fragments: string[] = []
  const whole: Fragment[] = []
  let fieldsLeft = options.fields
  const flags: string[] = []
  let directives = 0
  let names = 0

  const valueFor = (type: GraphQLInputType, argument: string): unknown => {
    if (isNonNullType(type)) return valueFor(type.ofType, argument) ?? 'x'
    if (options.wild !== undefined && tape.oneIn(6)) return options.wild()
    if (isListType(type)) return Array.from({ length: tape.below(4) }, () => valueFor(type.ofType, argument))
    if (isEnumType(type)) return type.getValues()[tape.below(type.getValues().length)]?.name
    if (!isInputObjectType(type)) return options.scalar(type.name, argument)
    const given = Object.values(type.getFields()).filter((field) => isRequiredInputField(field) || tape.oneIn(4))
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
    // One value that is omitted, and one that only has a default.
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
    if (directives >= directiveLimit || !tape.oneIn(options.directivesOneIn ?? 8)) return ''
    directives++
    return ` @${tape.pick(['skip', 'include'])}(if: ${condition()})`
  }

  /** Generates a literal, a variable with a value, or a variable with a default and possibly a value or null. */
  const condition = (): string => {
    const value = tape.oneIn(2)
    const kind = tape.below(4)
    if (kind < 2) return String(value)
    const known = flags[tape.below(flags.length)]
    if (known !== undefined && tape.oneIn(2)) return `$${known}`
    const variable = `v${names++}`
    flags.push(variable)
    const byDefault = kind === 3
    declared.push(`$${variable}: Boolean${byDefault ? ` = ${value}` : '!'}`)
    if (!byDefault) variables[variable] = value
    else if (tape.oneIn(3))
      variables[variable] = tape.pick(options.nullConditions === true ? [true, false, null] : [true, false])
    return `$${variable}`
  }

  const fieldOf = (field: GraphQLField<unknown, unknown>, named: boolean, depth: number): string => {
    const given = argumentsOf(field)
    const type = getNamedType(field.type)
    // Fields with arguments, or fields of the same name on another type, may not be mergeable.
    const alias = given !== '' || named || tape.oneIn(6) ? `a${names++}: ` : ''
    const once = () => {
      fieldsLeft--
      return `${alias}${field.name}${given}${directive()}${isCompositeType(type) ? ` ${setOf(type, depth - 1)}` : ''}`
    }
    // Selected twice with different selections, which must be merged.
    return tape.oneIn(8) ? `${once()} ${once()}` : once()
  }

  const spreadAgain = (type: GraphQLNamedType, depth: number, named: boolean): string | undefined => {
    const fitting = whole.filter(
      (one) =>
        one.depth <= depth && one.fields <= fieldsLeft && (one.named || !named) && overlap(schema, one.type, type),
    )
    const again = fitting[tape.below(fitting.length)]
    if (again === undefined) return undefined
    fieldsLeft -= again.fields
    return `...${again.name}${directive()}`
  }

  const partOf = (type: GraphQLNamedType, depth: number, inherited: boolean): string => {
    const named = inherited || isAbstractType(type)
    const again = tape.oneIn(2) ? spreadAgain(type, depth, named) : undefined
    if (again !== undefined) return again
    const possible = isAbstractType(type) ? [...schema.getPossibleTypes(type)] : [type, ...interfacesOf(type)]
    const inner = possible[tape.below(possible.length)] ?? type
    const isOther = inner !== type
    if (tape.oneIn(2)) {
      const name = `F${names++}`
      const before = fieldsLeft
      const set = setOf(inner, depth, named)
      fragments.push(`fragment ${name} on ${inner.name} ${set}`)
      whole.push({ name, type: inner, depth, fields: before - fieldsLeft, named })
      return `...${name}${directive()}`
    }
    return `...${isOther || tape.oneIn(2) ? ` on ${inner.name}` : ''}${directive()} ${setOf(inner, depth, named)}`
  }

  const setOf = (type: GraphQLNamedType, depth: number, named = false): string => {
    const all = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []
    const reachable = all.filter((field) => depth > 0 || isLeafType(getNamedType(field.type)))
    const parts = Array.from({ length: 1 + tape.below(4) }, () => {
      const field = reachable[tape.below(reachable.length)]
      if (fieldsLeft <= 0 || field === undefined) return '__typename'
      return depth > 0 && tape.oneIn(options.partsOneIn ?? 5)
        ? partOf(type, depth - 1, named)
        : fieldOf(field, named, depth)
    })
    return `{ ${parts.join(' ')} }`
  }

  const query = schema.getQueryType()
  const body = query == null ? '{ __typename }' : setOf(query, options.depth)
  const head = declared.length === 0 ? '' : `query Generated(${declared.join(', ')}) `
  return { query: [head + body, ...fragments].join('\n'), variables }
}

function interfacesOf(type: GraphQLNamedType): readonly GraphQLNamedType[] {
  return isObjectType(type) ? type.getInterfaces() : []
}

/** Whether a fragment on one of these types may be spread in the other. */
function overlap(schema: GraphQLSchema, one: GraphQLNamedType, other: GraphQLNamedType): boolean {
  return isCompositeType(one) && isCompositeType(other) && doTypesOverlap(schema, one, other)
}
