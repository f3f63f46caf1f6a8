/**
 * Extracts the section of a version, such as `## 1.2.3` or `## 1.2.3 (2026-12-01)`, from a change log.
 *
 * @throws Error if there is none, or it is empty
 */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1)
  const found = sections.find((section) => section.split(/\s/, 1)[0] === version)
  const [, ...lines] = found?.split('\n') ?? []
  const notes = lines.join('\n').trim()
  if (notes === '')
    throw new Error(`CHANGELOG.md has no section "## ${version}" with text. Rename "## Unreleased" to it.`)
  return `${notes}\n`
}
