/** The parameters of a GraphQL request, after the GraphQL-over-HTTP specification. */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { Refusal } from './refusal.ts'

const parameters = z.object({
  query: z.string({ error: 'query must be a string' }).nullish(),
  operationName: z.string({ error: 'operationName must be a string' }).nullish(),
  variables: z.record(z.string(), z.unknown(), { error: 'variables must be an object' }).nullish(),
  extensions: z.record(z.string(), z.unknown(), { error: 'extensions must be an object' }).nullish(),
  documentId: z.string({ error: 'documentId must be a string' }).max(256).nullish(),
})

export type Parameters = z.infer<typeof parameters>

/** What a request asks for, and how many bytes say it. */
export interface Given {
  readonly parameters: Parameters
  readonly bytes: number
}

export async function readParameters(request: IncomingMessage, url: URL, maxBytes: number): Promise<Given> {
  return request.method === 'GET' ? fromUrl(request, url) : fromBody(request, maxBytes)
}

/**
 * A browser sends a GET for any link, image or script of any page. It is answered only where the caller says that it wants
 * GraphQL, or where the browser says that a script asks which may read the answer only if its origin is allowed.
 */
function fromUrl(request: IncomingMessage, { search, searchParams }: URL): Given {
  const { accept = '', 'sec-fetch-mode': mode } = request.headers
  if (!/application\/(graphql-response\+)?json/i.test(accept) && mode !== 'cors') {
    throw new Refusal(
      406,
      'BAD_USER_INPUT',
      'A GET has to say that it wants GraphQL: send the header Accept: application/graphql-response+json, or use POST.',
    )
  }
  const json = (name: string): unknown => {
    const text = searchParams.get(name)
    return text === null ? undefined : parseJson(text, `The parameter ${name}`)
  }
  const parameters = check({
    query: searchParams.get('query'),
    operationName: searchParams.get('operationName'),
    variables: json('variables'),
    extensions: json('extensions'),
    documentId: searchParams.get('documentId'),
  })
  return { parameters, bytes: search.length }
}

async function fromBody(request: IncomingMessage, maxBytes: number): Promise<Given> {
  checkContentType(request)
  const body = await readBody(request, maxBytes)
  return { parameters: check(parseJson(body.toString(), 'The body')), bytes: body.length }
}

/** Forms and plain text can be sent by any page of the web without asking; JSON cannot. */
function checkContentType({ headers }: IncomingMessage): void {
  const [type = '', ...rest] = (headers['content-type'] ?? '').toLowerCase().split(';')
  const charset = rest.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  const encoding = headers['content-encoding'] ?? 'identity'
  if (type.trim() === 'application/json' && isUtf8 && encoding === 'identity') return
  throw new Refusal(
    415,
    'BAD_USER_INPUT',
    'Send the query as JSON in UTF-8, uncompressed, with the header content-type: application/json.',
  )
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLong = () =>
    new Refusal(
      413,
      'TOO_COSTLY',
      `The body is longer than ${maxBytes} bytes (LIMIT_BODY_BYTES). Send less at a time.`,
      // What is left of the body is not read, so the connection cannot be used again.
      { headers: { connection: 'close' }, setting: 'LIMIT_BODY_BYTES', limit: maxBytes },
    )
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLong())
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
    request.once('end', () => resolve(Buffer.concat(chunks)))
    const endedEarly = () => reject(new Refusal(400, 'BAD_USER_INPUT', 'The body ended early.'))
    request.once('error', endedEarly)
    // Of a connection that is gone already nothing more is heard.
    if (request.destroyed) endedEarly()
  })
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'BAD_USER_INPUT', `${what} is no JSON.`)
  }
}

function check(given: unknown): Parameters {
  if (Array.isArray(given))
    throw new Refusal(400, 'BAD_USER_INPUT', 'A list of queries is not answered: send one at a time.')
  const parsed = parameters.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const reason = issue?.path.length === 0 ? 'it must be an object' : issue?.message
  throw new Refusal(400, 'BAD_USER_INPUT', `This is no GraphQL request: ${reason}.`)
}
