/** Measures of a document that need no schema. They are cheap, so they are checked before validation. */
import type { DocumentNode, GraphQLError, SelectionNode, SelectionSetNode } from 'graphql'
import { Kind, visit } from 'graphql'
import type { Limits } from '../config/limits-interface.ts'
import { fragmentsOf } from './fragments.ts'
import { tooCostly } from './too-costly.ts'

/** Measures of a selection set as if its fragments were expanded. They are not: each fragment is measured once. */
interface Measured {
  readonly depth: number
  /** Number of fields on all levels; infinite if a number cannot hold it. */
  readonly size: number
  /** Largest number of selections of one field in one object, on any level. */
  readonly repeats: number
  /** Number of selections of each field on the first level. */
  readonly fields: ReadonlyMap<string, number>
}

const nothing: Measured = { depth: 0, size: 0, repeats: 0, fields: new Map() }

type Measures = Pick<Limits, 'depth' | 'aliases' | 'directives' | 'repeats' | 'fields'>

/** The error for the first limit that the document exceeds; undefined if it exceeds none. */
export function exceeded(document: DocumentNode, limits: Measures): GraphQLError | undefined {
  const { aliases, directives } = countNodes(document)
  if (aliases > limits.aliases)
    return tooCostly('LIMIT_ALIASES', 'Aliases in the document', aliases, limits.aliases, 'Ask in several requests.')
  if (directives > limits.directives)
    return tooCostly('LIMIT_DIRECTIVES', 'Directives in the document', directives, limits.directives, 'Leave some out.')
  const { depth, repeats, size } = measure(document)
  if (depth > limits.depth) return tooDeep(depth, limits.depth)
  if (repeats > limits.repeats)
    return tooCostly(
      'LIMIT_REPEATS',
      'Selections of one field in one object',
      repeats,
      limits.repeats,
      'Select it once.',
    )
  if (size > limits.fields)
    return tooCostly(
      'LIMIT_FIELDS',
      'Fields of the query with fragments expanded',
      size,
      limits.fields,
      'Ask in several requests.',
    )
  return undefined
}

export function tooDeep(depth: number, limit: number): GraphQLError {
  return tooCostly('LIMIT_DEPTH', 'Levels of the query', depth, limit, 'Request the inner objects by id.')
}

function countNodes(document: DocumentNode): { aliases: number; directives: number } {
  let aliases = 0
  let directives = 0
  visit(document, {
    Field: ({ alias }) => {
      if (alias !== undefined) aliases++
    },
    Directive: () => {
      directives++
    },
  })
  return { aliases, directives }
}

function measure(document: DocumentNode): Omit<Measured, 'fields'> {
  const fragments = fragmentsOf(document)
  const known = new Map<string, Measured>()

  const ofFragment = (name: string): Measured => {
    const found = known.get(name)
    if (found !== undefined) return found
    // Validation refuses unknown fragments and cycles. This only has to terminate.
    known.set(name, nothing)
    const measured = ofSet(fragments.get(name)?.selectionSet)
    known.set(name, measured)
    return measured
  }

  const below = (selection: SelectionNode): Measured =>
    selection.kind === Kind.FRAGMENT_SPREAD ? ofFragment(selection.name.value) : ofSet(selection.selectionSet)

  const ofSet = (set: SelectionSetNode | undefined): Measured =>
    together((set?.selections ?? []).map((one) => placed(one, below(one))))

  const all = document.definitions.flatMap((definition) =>
    'selectionSet' in definition ? [ofSet(definition.selectionSet)] : [],
  )
  return {
    depth: largest(all.map(({ depth }) => depth)),
    size: largest(all.map(({ size }) => size)),
    repeats: largest(all.map(({ repeats }) => repeats)),
  }
}

function largest(numbers: Iterable<number>): number {
  return Math.max(0, ...numbers)
}

/** What a selection adds to the measures of its object. */
function placed(selection: SelectionNode, below: Measured): Measured {
  if (selection.kind !== Kind.FIELD) return below
  const fields = new Map([[selection.name.value, 1]])
  return { depth: below.depth + 1, size: below.size + 1, repeats: below.repeats, fields }
}

function together(parts: readonly Measured[]): Measured {
  const fields = new Map<string, number>()
  for (const part of parts) {
    for (const [name, times] of part.fields) fields.set(name, (fields.get(name) ?? 0) + times)
  }
  return {
    depth: largest(parts.map(({ depth }) => depth)),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    repeats: largest([...fields.values(), ...parts.map(({ repeats }) => repeats)]),
    fields,
  }
}
