/** How each property of `Made` is made from what all of them need. `made` has the other properties. */
export type Makers<Made extends object, Needed> = {
  readonly [Name in keyof Made]: (needed: Needed, made: Made) => Made[Name]
}

/**
 * Returns a function that creates objects whose properties are made when they are first read. There is one for each operation, which
 * reads few of them.
 *
 * The properties are getters of a prototype, which is made once: an object with getters of its own takes as long as making its values.
 */
export function lazily<Made extends object, Needed>(makers: Makers<Made, Needed>): (needed: Needed) => Made {
  class Lazy {
    readonly needed: Needed
    readonly made: Partial<Made> = {}

    constructor(needed: Needed) {
      this.needed = needed
    }
  }
  for (const name of keysOf(makers)) {
    const make = makers[name]
    Object.defineProperty(Lazy.prototype, name, {
      enumerable: true,
      get(this: Lazy & Made) {
        this.made[name] ??= make(this.needed, this)
        return this.made[name]
      },
    })
  }
  // The loop has defined the properties.
  return (needed) => new Lazy(needed) as Lazy & Made
}

function keysOf<Made extends object>(makers: { readonly [Name in keyof Made]: unknown }): (keyof Made)[] {
  return Object.keys(makers) as (keyof Made)[]
}
