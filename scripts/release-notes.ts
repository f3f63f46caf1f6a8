/**
 * Prints the section of CHANGELOG.md for a version, as the notes of its release: node scripts/release-notes.ts v1.2.3
 *
 * Fails if the tag is not the version of package.json, or the change log has no section for it.
 */
import { readFileSync } from 'node:fs'
import { releaseNotes } from './changelog.ts'

const [tag = ''] = process.argv.slice(2)
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
if (tag !== `v${version}`) throw new Error(`The tag ${tag} is not v${version}, the version of package.json.`)
process.stdout.write(releaseNotes(readFileSync('CHANGELOG.md', 'utf8'), version))
