import type { GraphQLField, GraphQLSchema } from 'graphql'
import { defaultFieldResolver, isIntrospectionType, isObjectType } from 'graphql'
import { Forbidden } from '../auth/forbidden.ts'
import type { Scope } from '../auth/principal.ts'
import { rules } from '../auth/rules.ts'
import type { Context } from './context.ts'
import { meter } from './meter.ts'

/** Puts the rules and the meter before the resolvers. Fails where a field has no rule, or a rule no field. */
export function guard(schema: GraphQLSchema): GraphQLSchema {
  const guarded = new Set<string>()
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`
      const rule = rules[type.name]?.[field.name]
      if (rule === undefined) throw new Error(`${name} has no rule. Say in auth/rules.ts who may see it.`)
      meter(field)
      if (typeof rule !== 'string') requireScope(field, name, rule)
      guarded.add(name)
    }
  }
  const idle = Object.entries(rules)
    .flatMap(([type, fields]) => Object.keys(fields).map((field) => `${type}.${field}`))
    .filter((name) => !guarded.has(name))
  if (idle.length > 0) throw new Error(`auth/rules.ts has rules for ${idle.join(', ')}, which the schema has not.`)
  return schema
}

function requireScope(field: GraphQLField<unknown, Context>, name: string, needed: readonly Scope[]): void {
  const resolve = field.resolve ?? defaultFieldResolver
  // One error for all: a list may refuse the field a thousand times.
  const refusal = new Forbidden(name, needed)
  field.resolve = (source, args, context, info) => {
    if (needed.some((scope) => context.principal.scopes.includes(scope))) return resolve(source, args, context, info)
    throw refusal
  }
}
