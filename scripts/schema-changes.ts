import type { GraphQLSchema } from 'graphql'
import {
  buildSchema,
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
  isInterfaceType,
  isObjectType,
  print,
} from 'graphql'

/**
 * Finds the changes of a schema that break clients (docs/versioning.md) and that the change log does not announce. A change is announced
 * by a line of the section "Unreleased" that repeats its sentence behind "Breaking:".
 *
 * @returns the missing lines
 */
export function unannouncedChanges(released: string, current: string, changelog: string): string[] {
  const [, unreleased = ''] = /^## Unreleased$(.*?)(?=^## |(?![\s\S]))/ms.exec(changelog) ?? []
  const said = oneLine(unreleased)
  return changes(buildSchema(released), buildSchema(current))
    .map((description) => `Breaking: ${oneLine(description)}`)
    .filter((line) => !said.includes(line))
}

function changes(released: GraphQLSchema, current: GraphQLSchema): string[] {
  const defaults = findDangerousChanges(released, current).filter(
    ({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE,
  )
  const kept = promises(current)
  const lost = [...promises(released)].filter(([field, promise]) => promise !== '' && kept.get(field) !== promise)
  return [
    ...[...findBreakingChanges(released, current), ...defaults].map(({ description }) => description),
    ...lost.filter(([field]) => kept.has(field)).map(([field, promise]) => `${field} lost ${promise}.`),
  ]
}

/** The fields and their `@semanticNonNull`, which graphql-js does not compare: generated types depend on it. */
function promises(schema: GraphQLSchema): ReadonlyMap<string, string> {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type))
  return new Map(
    types.flatMap((type) =>
      Object.values(type.getFields()).map(({ name, astNode }) => {
        const directive = astNode?.directives?.find((one) => one.name.value === 'semanticNonNull')
        return [`${type.name}.${name}`, directive === undefined ? '' : print(directive)] as const
      }),
    ),
  )
}

/** The change log wraps its lines. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
