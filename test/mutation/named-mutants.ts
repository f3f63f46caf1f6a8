import type { Span } from 'oxc-parser'
import { parseSync, Visitor } from 'oxc-parser'
import type { Mutant } from './mutants.ts'
import { namedFaults } from './named.ts'

/** Creates the hand-written mutants of a file. Each replaces the smallest expression around its text. */
export function namedMutantsOf(file: string, code: string): readonly Mutant[] {
  const faults = namedFaults.filter((fault) => fault.file === file)
  if (faults.length === 0) return []
  const expressions = expressionsOf(file, code)
  return faults.map(({ name, find, replace }) => {
    const at = code.indexOf(find)
    if (at < 0 || code.includes(find, at + 1)) {
      throw new Error(`${file} has to hold "${find}" once. Change the fault "${name}" in test/mutation/named.ts.`)
    }
    const end = at + find.length
    const around = expressions.filter((one) => one.start <= at && end <= one.end)
    const place = around.reduce((least, one) => (one.end - one.start < least.end - least.start ? one : least), {
      start: 0,
      end: code.length,
    })
    if (!around.includes(place)) throw new Error(`"${find}" of ${file} is not within one expression.`)
    const replacement = code.slice(place.start, at) + replace + code.slice(end, place.end)
    return { key: keyOf(file, name), start: place.start, end: place.end, replacement }
  })
}

export const namedKeys: readonly string[] = namedFaults.map(({ file, name }) => keyOf(file, name))

function keyOf(file: string, name: string): string {
  return `${file} | by hand | ${name}`
}

/** Expressions that another expression can replace: no names, and no left sides of assignments and calls. */
function expressionsOf(file: string, code: string): readonly Span[] {
  const found: Span[] = []
  const note = (node: Span) => void found.push(node)
  new Visitor({
    ArrowFunctionExpression: note,
    BinaryExpression: note,
    CallExpression: note,
    ConditionalExpression: note,
    LogicalExpression: note,
    NewExpression: note,
    ObjectExpression: note,
    TaggedTemplateExpression: note,
  }).visit(parseSync(file, code).program)
  return found
}
