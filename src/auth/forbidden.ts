import type { Scope } from './principal.ts'

/** The principal lacks a scope. The message is part of the response. */
export class Forbidden extends Error {
  /** The scopes of which one would do. */
  readonly requires: readonly Scope[]

  constructor(what: string, requires: readonly Scope[]) {
    super(`${what} requires the scope ${requires.join(' or ')}.`)
    this.name = 'Forbidden'
    this.requires = requires
  }
}
