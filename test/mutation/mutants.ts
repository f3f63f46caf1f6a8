/** Creates small faults in a source file from its syntax tree. Code that runs with one of them must fail a test. */
import type { Expression, Node, Span } from 'oxc-parser'
import { parseSync, Visitor } from 'oxc-parser'

export interface Mutant extends Span {
  /** File, enclosing names, change, and its number among equal changes; stable if other parts of the file change. */
  readonly key: string
  /** The replacement of the source text; undefined for a removed statement. */
  readonly replacement: string | undefined
}

const operators: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&&': ['||'],
  '||': ['&&'],
}

const methods = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['min', 'max'],
  ['max', 'min'],
  ['startsWith', 'endsWith'],
  ['endsWith', 'startsWith'],
])

/** Calls that a mutant removes, so that the receiver is the result. */
const dropped = new Set(['filter', 'slice', 'trim', 'toLowerCase', 'toUpperCase', 'sort', 'toSorted', 'reverse'])

export function mutantsOf(file: string, code: string): readonly Mutant[] {
  const { program, errors } = parseSync(file, code)
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0]?.message}`)
  const found: Mutant[] = []
  const seen = new Map<string, number>()
  const names: string[] = []
  /** Texts of messages and of the module system are not mutated, because tests should not repeat them verbatim. */
  const fixed = new Set<Node>()
  let silent = 0

  const text = ({ start, end }: Span) => code.slice(start, end)
  const brief = (source: string) => {
    const line = source.replaceAll(/\s+/g, ' ')
    return line.length > 60 ? `${line.slice(0, 57)}...` : line
  }
  const add = ({ start, end }: Span, replacement: string | undefined) => {
    if (silent > 0 || replacement === code.slice(start, end)) return
    const change = `${brief(code.slice(start, end))} -> ${brief(replacement ?? '(nothing)')}`
    const stem = `${file} | ${names.join('.')} | ${change}`
    const count = (seen.get(stem) ?? 0) + 1
    seen.set(stem, count)
    found.push({ key: count === 1 ? stem : `${stem} #${count}`, start, end, replacement })
  }
  const swap = (node: Span & { left: Span; right: Span }, operator: string) => {
    for (const other of operators[operator] ?? []) add(node, `${text(node.left)} ${other} ${text(node.right)}`)
  }
  const decide = (test: Expression) => {
    add(test, 'true')
    add(test, 'false')
  }
  const named = (node: { readonly id?: Node | null }) => names.push(node.id?.type === 'Identifier' ? node.id.name : '?')
  const quiet = () => void silent++
  const loud = () => void silent--

  new Visitor({
    VariableDeclarator: named,
    'VariableDeclarator:exit': () => void names.pop(),
    FunctionDeclaration: named,
    'FunctionDeclaration:exit': () => void names.pop(),
    Property(node) {
      names.push(node.key.type === 'Identifier' ? node.key.name : '?')
      if (!node.computed) fixed.add(node.key)
    },
    'Property:exit': () => void names.pop(),
    ImportDeclaration: quiet,
    'ImportDeclaration:exit': loud,
    ExportNamedDeclaration: ({ source }) => void (source !== null && fixed.add(source)),
    ThrowStatement(node) {
      add(node, undefined)
      silent++
    },
    'ThrowStatement:exit': loud,
    TSTypeAnnotation: quiet,
    'TSTypeAnnotation:exit': loud,
    TSTypeAliasDeclaration: quiet,
    'TSTypeAliasDeclaration:exit': loud,
    TSInterfaceDeclaration: quiet,
    'TSInterfaceDeclaration:exit': loud,
    TSTypeParameterInstantiation: quiet,
    'TSTypeParameterInstantiation:exit': loud,
    TSTypeParameterDeclaration: quiet,
    'TSTypeParameterDeclaration:exit': loud,
    TSModuleDeclaration: quiet,
    'TSModuleDeclaration:exit': loud,
    TSLiteralType: quiet,
    'TSLiteralType:exit': loud,
    TaggedTemplateExpression: ({ quasi }) => void fixed.add(quasi),
    IfStatement: ({ test }) => decide(test),
    ConditionalExpression: ({ test }) => decide(test),
    WhileStatement: ({ test }) => add(test, 'false'),
    BinaryExpression: (node) => swap(node, node.operator),
    LogicalExpression(node) {
      swap(node, node.operator)
      if (node.operator !== '??') return
      add(node, text(node.left))
      add(node, text(node.right))
    },
    UnaryExpression: (node) => void (node.operator === '!' && add(node, text(node.argument))),
    AssignmentExpression(node) {
      if (isNameOfError(node)) fixed.add(node.right)
      if (node.operator === '+=') add(node, `${text(node.left)} -= ${text(node.right)}`)
      if (node.operator === '-=') add(node, `${text(node.left)} += ${text(node.right)}`)
    },
    CallExpression(node) {
      const { callee } = node
      if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return
      const { name, start, end } = callee.property
      const other = methods.get(name)
      if (other !== undefined) add(node, code.slice(node.start, start) + other + code.slice(end, node.end))
      if (dropped.has(name)) add(node, text(callee.object))
    },
    ExpressionStatement({ expression, directive, start, end }) {
      if (isNameOfError(expression)) return
      if (directive === undefined || directive === null) add({ start, end }, undefined)
      else fixed.add(expression)
    },
    ReturnStatement({ argument }) {
      if (argument !== null) add(argument, 'undefined')
    },
    ArrowFunctionExpression({ body }) {
      if (body.type !== 'BlockStatement') add(body, 'undefined')
    },
    ArrayExpression: (node) => void (node.elements.length > 0 && add(node, '[]')),
    TemplateLiteral: (node) => void (fixed.has(node) || add(node, "''")),
    Literal(node) {
      if (fixed.has(node)) return
      if (typeof node.value === 'string') add(node, node.value === '' ? "'mutant'" : "''")
      if (typeof node.value === 'number') add(node, String(node.value + 1))
      if (typeof node.value === 'boolean') add(node, String(!node.value))
    },
  }).visit(program)
  return found
}

/** `this.name = '…'` in an error class, which only a stack trace shows. */
function isNameOfError(node: Expression): boolean {
  if (node.type !== 'AssignmentExpression' || node.left.type !== 'MemberExpression') return false
  const { object, property } = node.left
  return object.type === 'ThisExpression' && property.type === 'Identifier' && property.name === 'name'
}

/** Inserts all mutants into the source; `globalThis.mutant` selects the active one. */
export function instrument(code: string, mutants: readonly Mutant[]): string {
  const before = new Map<number, string>()
  const after = new Map<number, string>()
  for (const { key, start, end, replacement } of mutants.toSorted(outerFirst)) {
    const awake = `globalThis.mutant?.(${JSON.stringify(key)})`
    const opening = replacement === undefined ? `{if (!${awake}) {` : `(${awake} ? (${replacement}) : `
    // Outer mutants open first and close last.
    before.set(start, (before.get(start) ?? '') + opening)
    after.set(end, (replacement === undefined ? '}}' : ')') + (after.get(end) ?? ''))
  }
  const places = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b)
  let at = 0
  const parts = places.map((place) => {
    const part = code.slice(at, place) + (after.get(place) ?? '') + (before.get(place) ?? '')
    at = place
    return part
  })
  return parts.join('') + code.slice(at)
}

/** A statement precedes an expression of the same range. */
function outerFirst(one: Mutant, other: Mutant): number {
  const statementFirst = Number(one.replacement !== undefined) - Number(other.replacement !== undefined)
  return one.start - other.start || other.end - one.end || statementFirst
}
