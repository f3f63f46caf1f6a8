import type { GraphQLField, GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { defaultFieldResolver, isIntrospectionType, isObjectType } from 'graphql'
import { Forbidden } from '../auth/forbidden.ts'
import type { Scope } from '../auth/principal.ts'
import type { Rule } from '../auth/rules.ts'
import { rules } from '../auth/rules.ts'
import type { Context } from './context.ts'
import { meter } from './meter.ts'
import { replayable } from './replayable.ts'

type Resolver = GraphQLFieldResolver<unknown, Context>

/**
 * Wraps every resolver with the access rule of its field and with the meter.
 *
 * @throws Error if a field has no rule, or a rule has no field
 */
export function guard(schema: GraphQLSchema): GraphQLSchema {
  const guarded = new Set<string>()
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`
      guardField(field, name, rules[type.name]?.[field.name])
      guarded.add(name)
    }
  }
  const unused = Object.entries(rules)
    .flatMap(([type, fields]) => Object.keys(fields).map((field) => `${type}.${field}`))
    .filter((name) => !guarded.has(name))
  if (unused.length > 0) throw new Error(`auth/rules.ts has rules for unknown fields: ${unused.join(', ')}.`)
  return schema
}

/** @throws Error if there is no rule */
export function guardField(field: GraphQLField<unknown, Context>, name: string, rule: Rule | undefined): void {
  if (rule === undefined) throw new Error(`${name} has no rule. Add one to auth/rules.ts.`)
  replayable(field)
  meter(field)
  if (typeof rule !== 'string') requireScope(field, name, rule)
}

/** Refuses a field to callers without one of the scopes. A subscription is refused before its stream is opened, too. */
export function requireScope(field: GraphQLField<unknown, Context>, name: string, needed: readonly Scope[]): void {
  // Created once, because a list may fail this field thousands of times.
  const refusal = new Forbidden(name, needed)
  const requiring =
    (resolve: Resolver): Resolver =>
    (source, args, context, info) => {
      if (needed.some((scope) => context.principal.scopes.includes(scope))) return resolve(source, args, context, info)
      throw refusal
    }
  field.resolve = requiring(field.resolve ?? defaultFieldResolver)
  if (field.subscribe !== undefined) field.subscribe = requiring(field.subscribe)
}
