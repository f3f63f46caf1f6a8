import type { DocumentNode, ValueNode } from 'graphql'
import { valueFromASTUntyped, visit } from 'graphql'
import type { NamedDocument } from '../../documents/documents.ts'
import { decodeNodeId } from '../../graph/node-id.ts'

type Variables = Readonly<Record<string, unknown>>

/**
 * Extracts the selectors in the arguments of a document, for the audit log of operations that fail before their fields are
 * resolved. Prefixes and suffixes are returned as given.
 */
export function namedSelectors({ document }: NamedDocument, given: Variables): string[] {
  const named: string[] = []
  const variables = { ...defaultsOf(document), ...given }
  const add = (name: string, node: ValueNode) => {
    const read = readers.get(name)
    if (read !== undefined) named.push(...textsOf(valueFromASTUntyped(node, variables)).flatMap(read))
  }
  visit(document, {
    Field: ({ name, arguments: all = [] }) => {
      if (name.value === 'selector')
        for (const { name: of, value } of all) if (of.value === 'name') add('selector', value)
    },
    Argument: ({ name, value }) => {
      add(name.value, value)
      // The whole filter may be one variable.
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
  ['selectorName', asGiven],
  ['installationsOf', asGiven],
  ['prefix', asGiven],
  ['suffix', asGiven],
  ['id', ofId],
  ['ids', ofId],
])

function ofFilter(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const given: Readonly<Record<string, unknown>> = { ...value }
  return textsOf(['prefix', 'suffix', 'selectorName', 'installationsOf'].map((name) => given[name]))
}

/** Every id contains the selector of its object: after the rowid, or as the first element of a list. */
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
