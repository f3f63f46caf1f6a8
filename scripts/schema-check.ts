/**
 * Compares schema.graphql with the schema of the last release, and fails on a change that breaks clients and that CHANGELOG.md does not
 * announce: npm run schema:check
 */
import { existsSync, readFileSync } from 'node:fs'
import { unannouncedChanges } from './schema-changes.ts'

/** Each release replaces it with its own (docs/contributing.md). There is none before the first. */
const released = 'test/graph/released.graphql'

if (!existsSync(released)) process.stdout.write('No schema has been released yet.\n')
else {
  const [old, current, changelog] = [released, 'schema.graphql', 'CHANGELOG.md'].map((file) =>
    readFileSync(file, 'utf8'),
  )
  const missing = unannouncedChanges(old ?? '', current ?? '', changelog ?? '')
  for (const line of missing) process.stderr.write(`- ${line}\n`)
  if (missing.length > 0) {
    process.stderr.write(
      'These changes break clients. Undo them, or add these lines to "Unreleased" of CHANGELOG.md.\n',
    )
    process.exitCode = 1
  } else process.stdout.write('Every change that breaks clients is announced.\n')
}
