import type { DocumentNode, ValueNode } from 'graphql'
import { valueFromASTUntyped, visit } from 'graphql'
import { decodeNodeId } from '../graph/node-id.ts'
import type { NamedDocument } from '../limits/documents.ts'

type Variables = Readonly<Record<string, unknown>>

/**
 * The selectors that a document names in its arguments, for operations that are refused before their fields are resolved. A
 * prefix or suffix counts as it is given.
 */
export function namedSelectors({ document }: NamedDocument, given: Variables): string[] {
  const named: string[] = []
  const variables = { ...defaultsOf(document), ...given }
  const add = (name: string, node: ValueNode) => {
    const read = readers.get(name)
    if (read !== undefined) named.push(...textsOf(valueFromASTUntyped(node, variables)).flatMap(read))
  }
  visit(document, {
    Argument: ({ name, value }) => {
      add(name.value, value)
      // A filter that is one variable.
      if (value.kind === 'Variable') named.push(...ofFilter(variables[value.name.value]))
    },
    ObjectField: ({ name, value }) => add(name.value, value),
  })
  return named
}

function defaultsOf(document: DocumentNode): Variables {
  const defaults: Record<string, unknown> = {}
  visit(document, {
    VariableDefinition({ variable, defaultValue }) {
      if (defaultValue !== undefined) defaults[variable.name.value] = valueFromASTUntyped(defaultValue)
    },
  })
  return defaults
}

const asGiven = (text: string) => [text]

const readers = new Map<string, (text: string) => string[]>([
  ['selector', asGiven],
  ['prefix', asGiven],
  ['suffix', asGiven],
  ['id', ofId],
  ['ids', ofId],
])

function ofFilter(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { prefix, suffix }: { prefix?: unknown; suffix?: unknown } = value
  return textsOf([prefix, suffix])
}

/** Every id holds the selector of its object: behind the row's number, or first in a list. */
function ofId(id: string): string[] {
  try {
    const { typename, id: inner } = decodeNodeId(id)
    if (typename === 'Selector') return [inner]
    return typename === 'PushTest' ? textsOf(JSON.parse(inner)).slice(0, 1) : [inner.slice(inner.indexOf(':') + 1)]
  } catch {
    return []
  }
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string' && one !== '')
}
