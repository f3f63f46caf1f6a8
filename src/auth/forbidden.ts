import type { Scope } from './principal.ts'

/** The principal lacks a scope. The message is meant for the caller. */
export class Forbidden extends Error {
  constructor(what: string, needed: readonly Scope[]) {
    super(`${what} needs the scope ${needed.join(' or ')}.`)
    this.name = 'Forbidden'
  }
}
