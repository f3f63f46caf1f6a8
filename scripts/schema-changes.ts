import { buildSchema, findBreakingChanges } from 'graphql'

/**
 * Finds the changes of a schema that break clients and that the change log does not announce. A change is announced by a line of the
 * section "Unreleased" that repeats its sentence behind "Breaking:".
 *
 * @returns the missing lines
 */
export function unannouncedChanges(released: string, current: string, changelog: string): string[] {
  const [, unreleased = ''] = /^## Unreleased$(.*?)(?=^## |(?![\s\S]))/ms.exec(changelog) ?? []
  const said = oneLine(unreleased)
  return findBreakingChanges(buildSchema(released), buildSchema(current))
    .map(({ description }) => `Breaking: ${oneLine(description)}`)
    .filter((line) => !said.includes(line))
}

/** The change log wraps its lines. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
