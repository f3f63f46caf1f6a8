import { readFile } from 'node:fs/promises'
import type { DocumentNode, GraphQLArgument, GraphQLField, GraphQLNamedType, GraphQLSchema } from 'graphql'
import {
  assertInterfaceType,
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  parse,
  print,
  validate,
  visit,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { decodeNodeId } from '../../src/graph/node-id.ts'
import { printSdl, schema } from '../../src/graph/schema.ts'

describe('The schema', () => {
  it('equals schema.graphql (npm run schema writes it)', async () => {
    expect(await readFile('schema.graphql', 'utf8')).toBe(printSdl())
  })

  it('has a description for every type, field, argument, enum value and directive', () => {
    const directives = schema
      .getDirectives()
      .flatMap(({ name, description, args }): [string, Member][] => [
        [`@${name}`, { description }],
        ...args.map((arg): [string, Member] => [`@${name}(${arg.name})`, arg]),
      ])
    const without = [...members(schema), ...directives].filter(([, member]) => !member.description?.trim())
    expect(without.map(([name]) => name)).toEqual([])
  })

  it('has only Node types that node accepts and that its description lists', () => {
    const names = schema.getPossibleTypes(assertInterfaceType(schema.getType('Node'))).map(({ name }) => name)
    const [id] = schema.getQueryType()?.getFields()['node']?.args ?? []
    expect(names.length).toBeGreaterThan(4)
    for (const name of names) {
      expect(decodeNodeId(Buffer.from(`${name}:1`).toString('base64url')).typename).toBe(name)
      expect(id?.description).toContain(name)
    }
  })

  it('still has all names, types, arguments and defaults of the contract', async () => {
    const contract = buildSchema(await readFile('test/graph/contract.graphql', 'utf8'))
    const served = new Map(members(schema).map(([name, member]) => [name, signature(member)]))
    for (const [name, member] of members(contract)) expect([name, served.get(name)]).toEqual([name, signature(member)])
  })

  it('still has @semanticNonNull and the interfaces of the contract', async () => {
    const contract = parse(await readFile('test/graph/contract.graphql', 'utf8'))
    const served = new Set(promises(parse(printSdl())))
    expect(promises(contract).length).toBeGreaterThan(20)
    expect(promises(contract).filter((promise) => !served.has(promise))).toEqual([])
  })

  it('has no two types of an interface whose common fields conflict in one selection', () => {
    for (const name of ['Node', 'Event']) {
      const types = schema.getPossibleTypes(assertInterfaceType(schema.getType(name)))
      for (const one of types)
        for (const other of types) {
          const common = Object.values(one.getFields())
            .filter(({ name: field, args }) => field in other.getFields() && !args.some(isRequiredArgument))
            .map(({ name: field }) => field)
          const fields = common.map((field) => selectionOf(one.getFields()[field]))
          const query = `{ node(id: "x") { ... on ${name} { __typename }
            ... on ${one.name} { ${fields} } ... on ${other.name} { ${fields} } } }`
          expect([query, validate(schema, parse(query))]).toEqual([query, []])
        }
    }
  })

  it('has no required argument beyond the contract, in fields of it', async () => {
    const contract = new Set(
      members(buildSchema(await readFile('test/graph/contract.graphql', 'utf8'))).map(([name]) => name),
    )
    const added = members(schema).filter(([name, member]) => !contract.has(name) && signature(member).endsWith('!'))
    const ofContract = added.filter(([name]) => name.includes('(') && contract.has(name.slice(0, name.indexOf('('))))
    expect(ofContract.map(([name]) => name)).toEqual([])
  })
})

function selectionOf(field: GraphQLField<unknown, unknown> | undefined): string {
  if (field === undefined) return '__typename'
  return isLeafType(getNamedType(field.type)) ? field.name : `${field.name} { __typename }`
}

/** Directives of fields and interfaces of types. Directives that only describe, such as @cost, are no promise. */
function promises(document: DocumentNode): string[] {
  const found: string[] = []
  visit(document, {
    ObjectTypeDefinition: ({ name, interfaces = [], fields = [] }) => {
      found.push(...interfaces.map((one) => `${name.value} implements ${one.name.value}`))
      for (const field of fields)
        for (const directive of field.directives ?? [])
          if (directive.name.value === 'semanticNonNull')
            found.push(`${name.value}.${field.name.value} ${print(directive)}`)
    },
  })
  return found
}

interface Member {
  readonly description?: string | null | undefined
  readonly type?: unknown
  readonly defaultValue?: unknown
}

/** Returns all named elements: Type, Type.field, Type.field(argument), Type.VALUE. */
function members(of: GraphQLSchema): [string, Member][] {
  return Object.values(of.getTypeMap())
    .filter((type) => !(isIntrospectionType(type) || ['String', 'Int', 'Float', 'Boolean', 'ID'].includes(type.name)))
    .flatMap((type): [string, Member][] => [[type.name, { description: type.description }], ...inside(type)])
}

function inside(type: GraphQLNamedType): [string, Member][] {
  if (isEnumType(type))
    return type.getValues().map((value) => [`${type.name}.${value.name}`, { description: value.description }])
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).map((field): [string, Member] => [`${type.name}.${field.name}`, field])
  }
  if (!(isObjectType(type) || isInterfaceType(type))) return []
  return Object.values(type.getFields()).flatMap((field): [string, Member][] => [
    [`${type.name}.${field.name}`, { description: field.description, type: field.type }],
    ...field.args.map((arg: GraphQLArgument): [string, Member] => [`${type.name}.${field.name}(${arg.name})`, arg]),
  ])
}

function signature({ type, defaultValue }: Member): string {
  return `${defaultValue === undefined ? '' : `= ${String(defaultValue)} `}${String(type)}`
}
