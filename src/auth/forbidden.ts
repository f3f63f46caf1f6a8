import type { Scope } from './principal.ts'

/** The principal lacks a scope. The message is part of the response. */
export class Forbidden extends Error {
  constructor(what: string, needed: readonly Scope[]) {
    super(`${what} requires the scope ${needed.join(' or ')}.`)
    this.name = 'Forbidden'
  }
}
