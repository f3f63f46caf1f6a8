import type { DocumentNode, FieldNode, GraphQLSchema } from 'graphql'
import { isObjectType, Kind, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import { listPrinter, printedName } from './printed-lists.ts'
import type { Definitions } from './selected-fields.ts'

/** The document with its lists that can be printed as printed fields; the same document if it has none. */
export function printedDocument(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  const printed = printableLists(schema, document)
  if (printed.size === 0) return document
  // On leave, so that an own node is compared. No list that can be printed is within another one.
  return visit(document, { Field: { leave: (field) => (printed.has(field) ? asPrinted(field) : undefined) } })
}

/** Its selection stays, for the printer. Its name in the answer stays as well. */
function asPrinted(field: FieldNode): FieldNode {
  const { name, alias = name } = field
  return { ...field, alias, name: { kind: Kind.NAME, value: printedName(name.value) } }
}

/** Selections of one list may be merged, so all that could be are printed, or none of them. */
function printableLists(schema: GraphQLSchema, document: DocumentNode): Set<FieldNode> {
  const groups = new Map<string, { readonly fields: FieldNode[]; canPrint: boolean }>()
  const definitions = { schema, fragments: fragmentsOf(document) }
  const types = new TypeInfo(schema)
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(field) {
        const type = types.getParentType()
        const list = types.getFieldDef()
        if (!isObjectType(type) || list == null) return
        if (type.getFields()[printedName(list.name)] === undefined) return
        const key = `${type.name}.${(field.alias ?? field.name).value}`
        const group = groups.get(key) ?? { fields: [], canPrint: true }
        group.fields.push(field)
        group.canPrint &&= listPrinter(list, [field], definitions) !== undefined
        groups.set(key, group)
      },
    }),
  )
  return new Set([...groups.values()].flatMap(({ fields, canPrint }) => (canPrint ? fields : [])))
}

function fragmentsOf({ definitions }: DocumentNode): Definitions['fragments'] {
  const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
  return Object.fromEntries(fragments.map((one) => [one.name.value, one]))
}
