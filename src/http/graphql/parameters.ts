/** Reads the parameters of a GraphQL request as defined by the GraphQL-over-HTTP specification. */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { Refusal } from '../refusal.ts'

/** Some clients send an empty string for an absent name or id. */
const nameOrNone = (message: string) =>
  z
    .string({ error: message })
    .nullish()
    .transform((text) => (text === '' ? undefined : text))

const maxIdLength = 256

/** Exported for the test of `plainParameters`. */
export const schema = z.object({
  query: z.string({ error: 'query must be a string' }).nullish(),
  operationName: nameOrNone('operationName must be a string'),
  variables: z.record(z.string(), z.unknown(), { error: 'variables must be an object' }).nullish(),
  extensions: z.record(z.string(), z.unknown(), { error: 'extensions must be an object' }).nullish(),
  documentId: nameOrNone('documentId must be a string').refine(
    (id) => (id ?? '').length <= maxIdLength,
    'documentId is too long',
  ),
})

type Given = z.infer<typeof schema>

export interface Parameters extends Given {
  readonly method: 'GET' | 'POST'
  /** Size of the body, or of the query string. */
  readonly bytes: number
}

/**
 * What `schema` makes of parameters that are certainly valid, as those of nearly every request are: it takes a fraction of the time.
 * Undefined if the schema has to decide.
 */
export function plainParameters(given: unknown): Given | undefined {
  if (!isPlainObject(given)) return undefined
  const { query, operationName, variables, extensions, documentId } = given
  if (!isTextOrNone(query) || !isTextOrNone(operationName) || !isTextOrNone(documentId)) return undefined
  if (documentId != null && documentId.length > maxIdLength) return undefined
  if (variables != null && !isPlainObject(variables)) return undefined
  if (extensions != null && !isPlainObject(extensions)) return undefined
  return { query, operationName: someText(operationName), variables, extensions, documentId: someText(documentId) }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  // The schema leaves a property `__proto__` out.
  return (
    typeof value === 'object' && value !== null && value.constructor === Object && !Object.hasOwn(value, '__proto__')
  )
}

function isTextOrNone(value: unknown): value is string | null | undefined {
  return typeof value === 'string' || value == null
}

function someText(text: string | null | undefined): string | null | undefined {
  return text === '' ? undefined : text
}

/** Maximum depth of JSON values. Argument types have three levels. */
export const maxDepth = 64

/**
 * At once if the body is there.
 *
 * @throws Refusal if the request is not a valid GraphQL request or its body exceeds `maxBytes`
 */
export function readParameters(request: IncomingMessage, url: URL, maxBytes: number): Parameters | Promise<Parameters> {
  if (request.method === 'GET') return { ...fromUrl(request, url), method: 'GET', bytes: url.search.length }
  checkContentType(request)
  const body = readBody(request, maxBytes)
  return body instanceof Promise ? body.then(ofBody) : ofBody(body)
}

function ofBody(body: Buffer): Parameters {
  return parametersOf(parseJson(body.toString(), 'The body'), body.length)
}

/** The parameters in parsed JSON, of a body or of a message on a socket. @throws Refusal if they are not valid */
export function parametersOf(given: unknown, bytes: number): Parameters {
  const { query, operationName, variables, extensions, documentId } = check(given)
  return { query, operationName, variables, extensions, documentId, method: 'POST', bytes }
}

/**
 * Reads the parameters of a GET. Browsers send GET for any link, image or script of any page, so the request must accept GraphQL or
 * be a CORS request of a script, whose origin is checked.
 */
function fromUrl(request: IncomingMessage, { searchParams, hash }: URL): Given {
  const { accept = '', 'sec-fetch-mode': mode } = request.headers
  const wantsGraphql = /application\/(graphql-response\+)?json|text\/event-stream/i.test(accept) || mode === 'cors'
  if (!wantsGraphql || mode === 'navigate') {
    throw new Refusal(
      406,
      'BAD_USER_INPUT',
      'A GET must accept GraphQL: send the header Accept: application/graphql-response+json, or use POST.',
    )
  }
  if (hash !== '') throw new Refusal(400, 'BAD_USER_INPUT', 'The URL contains a fragment. Encode # as %23.')
  const text = (name: string): string | undefined => {
    const [found, another] = searchParams.getAll(name)
    if (another !== undefined) throw new Refusal(400, 'BAD_USER_INPUT', `The parameter ${name} is given twice.`)
    return found === '' ? undefined : found
  }
  const json = (name: string): unknown => {
    const found = text(name)
    return found === undefined ? undefined : parseJson(found, `The parameter ${name}`)
  }
  return check({
    query: text('query'),
    operationName: text('operationName'),
    variables: json('variables'),
    extensions: json('extensions'),
    documentId: text('documentId'),
  })
}

/** Requires JSON, because any web page can send forms and plain text without a CORS preflight. */
function checkContentType({ headers }: IncomingMessage): void {
  if (headers['content-type'] === 'application/json' && headers['content-encoding'] === undefined) return
  const [type = '', ...rest] = (headers['content-type'] ?? '').toLowerCase().split(';')
  const charsets = rest.map((one) => one.trim()).filter((one) => one.startsWith('charset='))
  const isUtf8 = charsets.every((charset) => /^charset="?utf-?8"?$/.test(charset))
  const isPlain = /^(identity|[ \t,])*$/i.test(headers['content-encoding'] ?? '')
  if (type.trim() === 'application/json' && isUtf8 && isPlain) return
  throw new Refusal(
    415,
    'BAD_USER_INPUT',
    'Send the query as JSON in UTF-8, uncompressed, with the header content-type: application/json.',
  )
}

const noBytes = Buffer.alloc(0)

function readBody(request: IncomingMessage, maxBytes: number): Buffer | Promise<Buffer> {
  const tooLong = () =>
    new Refusal(413, 'TOO_COSTLY', `The body exceeds ${maxBytes} bytes (LIMIT_BODY_BYTES). Split the request.`, {
      setting: 'LIMIT_BODY_BYTES',
      limit: maxBytes,
    })
  const announced = Number(request.headers['content-length'])
  if (announced > maxBytes) throw tooLong()
  // Most bodies have come with their headers. Listeners for one cost more than all else of reading it.
  if (request.readableLength === announced && !request.destroyed) return request.read() ?? noBytes
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > maxBytes) {
        request.pause()
        reject(tooLong())
      } else chunks.push(chunk)
    })
    request.on('end', () => {
      const [first] = chunks
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks))
    })
    const endedEarly = () => reject(new Refusal(400, 'BAD_USER_INPUT', 'The body ended early.'))
    request.on('error', endedEarly)
    // A destroyed request emits no further events.
    if (request.destroyed) endedEarly()
  })
}

/** @throws Refusal 400 if the text is not JSON, or has more levels */
export function parseJson(text: string, what: string, levels = maxDepth): unknown {
  const value = parsed(text, what)
  if (isDeeper(value, levels)) {
    throw new Refusal(400, 'BAD_USER_INPUT', `${what} has more than ${levels} levels of lists and objects.`)
  }
  return value
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'BAD_USER_INPUT', `${what} is not valid JSON.`)
  }
}

/** Limits nesting, because later processing recurses and could overflow the stack. This recurses only as deep as the limit. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  return levels === 0 ? inner.length > 0 : inner.some((one) => isDeeper(one, levels - 1))
}

function check(given: unknown): Given {
  const plain = plainParameters(given)
  if (plain !== undefined) return plain
  if (Array.isArray(given))
    throw new Refusal(400, 'BAD_USER_INPUT', 'Batched queries are not supported. Send one query per request.')
  const checked = schema.safeParse(given)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  const reason = issue?.path.length === 0 ? 'it must be an object' : issue?.message
  throw new Refusal(400, 'BAD_USER_INPUT', `This is not a GraphQL request: ${reason}.`)
}
