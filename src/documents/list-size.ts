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

/** Extensions of a field whose object has a list that the arguments of the field size, as those of a connection do. */
export interface SizingExtensions {
  /** Upper bound of the items. */
  readonly sizeBelow: (argument: (name: string) => unknown) => number
  /** Name of the list, if its items are as many as `first` says. Printed in the SDL. */
  readonly slices?: string
}

/** Extension of a field that reads more than its answer holds: what that adds to its cost. */
export type ReadingCost = (argument: (name: string) => unknown) => number

declare module 'graphql' {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs>
    extends Partial<FieldExtensions>,
      Partial<SizingExtensions> {
    /** The list that `sizeBelow` of the field above sizes. */
    readonly isSizedAbove?: true
    readonly readingCost?: ReadingCost
  }
}
