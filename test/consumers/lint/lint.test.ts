import { deepStrictEqual } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CriticalityLevel, diff, validate } from '@graphql-inspector/core'
import { ESLint } from 'eslint'
import { buildSchema, Source } from 'graphql'
import { stage } from '../shared/stage.ts'

const sdl = await readFile(fileURLToPath(import.meta.resolve('sipis-gateway/schema.graphql')), 'utf8')
const schema = buildSchema(sdl)

/** Findings that are meant; these rules have no option for exceptions. */
const argued = [
  // The names of SIP: a Call-ID is not the id of the call.
  'Field "callId" starts with the name of the parent type "Call"',
  'Field "messageId" starts with the name of the parent type "Message"',
  // Another word that begins alike.
  'Field "caller" starts with the name of the parent type "Call"',
  // The push token itself, among other properties of the object.
  'Field "token" starts with the name of the parent type "Token"',
  // The values of extensions.code, for generated clients.
  'Enum type `ErrorCode` is unreachable.',
]

it('The schema has no findings of graphql-eslint, recommended and Relay, but those that are meant', async () => {
  const [result] = await new ESLint({ cwd: import.meta.dirname }).lintText(sdl, { filePath: 'schema.graphql' })
  deepStrictEqual(result?.messages.map(({ message }) => message).toSorted(), argued.toSorted())
})

it('The gateway serves the schema that the package publishes, says graphql-inspector', async () => {
  const url = new URL('/schema.graphql', stage.urls.api)
  const response = await fetch(url, { headers: { authorization: `Bearer ${stage.credentials.reader}` } })
  deepStrictEqual(await diff(buildSchema(await response.text()), schema), [])
})

it('A removed field is a breaking change for graphql-inspector', async () => {
  const renamed = buildSchema(sdl.replace('missedReasonText: String', 'reasonText: String'))
  const changes = await diff(schema, renamed)
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
  deepStrictEqual(
    breaking.map(({ path }) => path),
    ['Call.missedReasonText'],
  )
})

it('The documents of the clients are valid for graphql-inspector, and use nothing that is deprecated', async () => {
  const documents = await readFile(new URL('../shared/documents.graphql', import.meta.url), 'utf8')
  deepStrictEqual(validate(schema, [new Source(documents)]), [])
})
