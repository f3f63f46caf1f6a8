/** Sizes that the operator decides. */
export interface OperatorSizes {
  /** Number of names in SETTINGS_ALLOW. */
  readonly allowedSettings: number
}

/** Upper bound of the items in a list that is not a connection, from the arguments of the field. */
export type ListSize = (argument: (name: string) => unknown, sizes: OperatorSizes) => number

/** Extensions of a field that is a list of objects. A test holds that every such field has them. */
export interface FieldExtensions {
  readonly listSize: ListSize
  /** The most items that one call returns, or asks for. Printed in the SDL. */
  readonly assumedSize: number
}

/** What a connection costs besides its page. Printed in the SDL. */
export interface Surcharge {
  readonly surcharge: number
}

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> extends Partial<FieldExtensions & Surcharge> {}
}
