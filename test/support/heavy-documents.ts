/** Documents that may be expensive to validate, and mutations of them. */
import type { Tape } from './tape.ts'

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ')

/** Nearly LIMIT_BODY_BYTES. */
const long = 97_000
const newlines = '\n'.repeat(long)

/** Repeats the same fields, which validation compares pairwise. */
const overlapping = [
  `{ ${times(49, () => `viewer { ${times(12, () => 'name')} }`)} }`,
  `{ ${times(45, () => `selectors { nodes { ${times(12, () => 'id')} } }`)} }`,
  `{ selectors { nodes { ${times(48, () => 'calls(first: 1) { nodes { id selector { id } } }')} } } }`,
  `{ selectors { nodes { ${times(8, () => `calls { nodes { selector { ${times(8, () => 'calls { nodes { id } }')} } } }`)} } } }`,
  `{ ${times(45, (n) => `a: calls(first: ${n}) { totalCount }`)} }`,
  `{ ${times(45, () => `selector(name: "${'a'.repeat(2_000)}") { id }`)} }`,
  `{ ${times(45, () => 'nodes(ids: [1 2 3 4 5 6 7 8 9 10]) { id }')} }`,
  `{ node(id: 1) { ${times(24, () => '... on Call { id time } ... on Message { id time }')} } }`,
]

const fragments = [
  `{ ...F0 } ${times(110, (n) => `fragment F${n} on Query { ...F${n + 1} }`)}`,
  `{ ...F0 } ${times(80, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)}`,
  `{ ...F0 } ${times(20, (n) => `fragment F${n} on Query { ${times(20 - n, (m) => `...F${n + m + 1}`)} viewer { name } }`)}`,
  `{ ${times(16, (n) => `...F${n}`)} } ${times(16, (n) => `fragment F${n} on Query { ${times(16, (m) => `...F${m}`)} viewer { name } }`)}`,
  `{ ${times(45, (n) => `viewer { ...F${n} ...G${n} }`)} } ${times(20, (n) => `fragment F${n} on Viewer { name } fragment G${n} on Viewer { name }`)}`,
  `{ selectors { nodes { ...F0 } } } ${times(5, (n) => `fragment F${n} on Selector { ${times(6, () => `calls { nodes { selector { ...F${n + 1} } } }`)} }`)}`,
  `${times(60, (n) => `query Q${n} { ...F0 }`)} ${times(40, (n) => `fragment F${n} on Query { ...F${n + 1} viewer { name } }`)}`,
  `${times(40, (n) => `query Q${n} { ...F }`)} fragment F on Query { ${times(20, (n) => `calls(first: $v${n}) { totalCount }`)} }`,
  `{ calls(first: 0) { nodes { selector { ...F0 } } } } ${times(3, (n) => `fragment F${n} on Selector { ${times(12, () => `calls(first: 0) { nodes { selector { ...F${n + 1} } } }`)} }`)} fragment F3 on Selector { id }`,
  `{ __schema { types { ${times(45, (n) => `a${n}: fields { args { type { ofType { name } } } }`)} } } }`,
  `{ ${times(49, (n) => `a${n}: __schema { types { fields { args { name } } } }`)} }`,
  `{ ${'... { '.repeat(300)} viewer { name } ${'}'.repeat(301)}`,
]

/** Elements of which a document may contain many. */
const many = [
  `{ ${times(900, (n) => `unknown${n}`)} }`,
  `{ ${times(900, (n) => `${'selectors'.repeat(11)}${n}`)} }`,
  `query (${times(240, (n) => `$v${n}: Int`)}) { viewer { name } }`,
  `query (${times(240, () => '$v: Int')}) { viewer { name } }`,
  `query (${times(100, (n) => `$v${n}: ID!`)}) { nodes(ids: [${times(100, (n) => `$v${n}`)}]) { id } }`,
  `{ viewer ${times(8, () => '@skip(if: true)')} { name } }`,
  `{ viewer ${times(300, () => '@a')} { name } }`,
  times(190, (n) => `query Q${n} { a }`),
  times(330, () => '{ a }'),
  `{ calls(${times(320, () => 'first: 1')}) { totalCount } }`,
  `{ calls(filter: { ${times(300, (n) => `sinc${n}: 1`)} }) { totalCount } }`,
  `{ calls(filter: { missedReasons: [${times(900, (n) => `M${n}`)}] }) { totalCount } }`,
  `{ nodes(ids: ${'['.repeat(490)}1${']'.repeat(490)}) { id } }`,
  `{ calls(filter: ${'{ since: '.repeat(240)}1${' }'.repeat(240)}) { totalCount } }`,
  `{ ${times(50, (n) => `a${n}: selectors { nodes { calls { nodes { id } } } }`)} }`,
]

/** Tokens of tens of thousands of characters, and text that is not a token. */
const lengthy = [
  `{ ${'a'.repeat(long)} }`,
  `{ ${times(10, (n) => 'a'.repeat(9_000) + n)} }`,
  `{ selector(name: "${'a'.repeat(long)}") { id } }`,
  `{ selector(name: "${'\\u{1F600}'.repeat(9_900)}") { id } }`,
  `{ selector(name: """${' a\n'.repeat(32_000)}""") { id } }`,
  `{ selector(name: """${'\\"""'.repeat(24_000)}""") { id } }`,
  `{ calls(first: "${'a'.repeat(long)}") { totalCount } }`,
  `{ calls(first: ${'9'.repeat(long)}) { totalCount } }`,
  `{ calls(orderBy: ${'A'.repeat(long)}) { totalCount } }`,
  `{ ${'#a\n'.repeat(32_000)} viewer { name } }`,
  `{ ${','.repeat(long)} viewer { name } }`,
  // Regression: names defined in the document were candidates for suggestions.
  `type ${'ab'.repeat(20_000)} { a: Int } fragment F on ${'ac'.repeat(20_000)} { a }`,
  `directive @x(${'ab'.repeat(20_000)}: Int) on FIELD { a @x(${'ac'.repeat(20_000)}: 1) }`,
  // Regression: each location in an error was computed by scanning from the start.
  `${newlines} query (${times(240, () => '$v: Int')}) { viewer { name } }`,
  `${newlines} { ${times(5, () => `calls(${times(60, () => 'first: 1')}) { totalCount }`)} }`,
  `${newlines} { ...F0 } ${times(60, (n) => `fragment F${n} on Query { ...F${(n + 1) % 60} ...F0 }`)}`,
  `${'\n'.repeat(900)} ${times(40, (n) => `query Q${n} { ...F }`)} fragment F on Query { ${times(20, (n) => `calls(first: $v${n}) { totalCount }`)} }`,
]

export const suspects: readonly string[] = [...overlapping, ...fragments, ...many, ...lengthy]

const token = /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|[A-Za-z_]\w*|\.\.\.|-?\d+|\n+|[^\s,]/g

function tokensOf(text: string): string[] {
  return text.match(token) ?? []
}

/** Removes, duplicates or moves tokens of a document, or inserts tokens of another one. */
export function bred(text: string, other: string, tape: Tape): string {
  let tokens = tokensOf(text)
  for (let change = 0; change <= tape.below(3); change++) tokens = changed(tokens, tokensOf(other), tape)
  return tokens.join(' ')
}

function changed(tokens: readonly string[], others: readonly string[], tape: Tape): string[] {
  const from = tape.below(tokens.length)
  const to = from + 1 + tape.below(60)
  const at = tape.below(tokens.length)
  const other = tape.below(others.length)
  switch (tape.below(4)) {
    case 0:
      return tokens.toSpliced(from, to - from)
    case 1:
      return tokens.toSpliced(from, 0, ...tokens.slice(from, to))
    case 2:
      return tokens.toSpliced(at, 0, ...tokens.slice(from, to))
    default:
      return tokens.toSpliced(at, 0, ...others.slice(other, other + to - from))
  }
}
