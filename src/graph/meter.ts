import type { GraphQLField } from 'graphql'
import { defaultFieldResolver, GraphQLID, GraphQLString, getNamedType, isLeafType } from 'graphql'
import type { Usage } from '../loaders/usage.ts'
import type { Context } from './context.ts'

/**
 * Counts the bytes of the strings that a field returns, and stops resolving once the operation exceeds a limit. Other leaf types
 * are not counted, because their values are short and the operation's cost limits their number.
 */
export function meter(field: GraphQLField<unknown, Context>): void {
  const type = getNamedType(field.type)
  if (type === GraphQLString || type === GraphQLID) field.resolve = countStrings(field.resolve)
  else if (!isLeafType(type)) field.resolve = stopOnExcess(field.resolve)
}

type Resolver = NonNullable<GraphQLField<unknown, Context>['resolve']>

function countStrings(resolve: Resolver = defaultFieldResolver): Resolver {
  return (source, args, context, info) => {
    const { usage } = context
    if (usage.excess !== undefined) throw usage.excess
    const value: unknown = resolve(source, args, context, info)
    if (value instanceof Promise) return value.then((text: unknown) => counted(usage, text))
    return counted(usage, value)
  }
}

function stopOnExcess(resolve: Resolver = defaultFieldResolver): Resolver {
  return (source, args, context, info) => {
    if (context.usage.excess !== undefined) throw context.usage.excess
    return resolve(source, args, context, info)
  }
}

function counted(usage: Usage, value: unknown): unknown {
  if (typeof value === 'string') usage.answer(value)
  else if (Array.isArray(value)) for (const text of value) if (typeof text === 'string') usage.answer(text)
  return value
}
