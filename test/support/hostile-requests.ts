/** Generates requests of a hostile or broken client from a tape. */
import type { OutgoingHttpHeaders } from 'node:http'
import { METHODS } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import type { GeneratedRequest } from './generated-documents.ts'
import { generatedRequest } from './generated-documents.ts'
import { bred, suspects } from './heavy-documents.ts'
import type { Samples } from './hostile-values.ts'
import { changedText, wildOpaque, wildValue } from './hostile-values.ts'
import type { Tape } from './tape.ts'

export interface HostileRequest {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
}

/** The bytes on the wire. */
export interface HostileBytes {
  readonly bytes: Buffer
}

export type Attack = HostileRequest | HostileBytes

const json = { 'content-type': 'application/json' }

export function attackOf(schema: GraphQLSchema, tape: Tape, samples: Samples): Attack {
  const attack = anonymousAttack(schema, tape, samples)
  const authorization = tape.pick(['', '', 'Bearer reader', 'Bearer device'])
  if ('bytes' in attack || authorization === '') return attack
  return { ...attack, headers: { authorization, ...attack.headers } }
}

function anonymousAttack(schema: GraphQLSchema, tape: Tape, samples: Samples): Attack {
  const request = () => graphqlOf(schema, tape, samples)
  switch (tape.below(13)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return post(JSON.stringify(request()))
    case 4:
    case 5:
      return post(JSON.stringify({ ...request(), query: mutated(schema, tape, samples) }))
    case 6:
      return post(strangeBody(tape, request()))
    case 7:
      return post(changedText(JSON.stringify(request()), tape))
    case 8:
      return byGet(tape, request())
    case 9:
      return { ...post(JSON.stringify(request())), headers: strangeHeaders(tape) }
    case 10:
      return { ...post(JSON.stringify(request())), method: tape.pick(methods), path: tape.pick(paths) }
    case 11:
      return subscription(tape, samples)
    default:
      return { bytes: Buffer.from(strangeBytes(tape, JSON.stringify(request())), 'latin1') }
  }
}

const followed = 'events { __typename id time selector { name } } gone token hasMore reset'
const subscriptions = [
  `subscription ($s: String!, $t: String, $n: Int) { changes(selector: $s, since: $t, first: $n) { ${followed} } }`,
  `subscription ($k: [EventKind!], $t: String, $n: Int) { allChanges(kinds: $k, since: $t, first: $n) { ${followed} } }`,
  'subscription { a: allChanges { token } b: allChanges { token } }',
  'subscription { __typename }',
  'subscription A { allChanges { token } } subscription B { allChanges { token } } query C { viewer { name } }',
]

/** A subscription with unexpected variables, sent as a stream or not. */
function subscription(tape: Tape, samples: Samples): HostileRequest {
  const value = () => (tape.oneIn(3) ? wildValue(tape, samples) : undefined)
  const token = `A${tape.pick(['Q', 'Z', 'a', 'f'])}${'x'.repeat(tape.below(300))}`
  const variables = {
    s: value() ?? tape.pick(samples.selectors),
    k: value() ?? ['CALL'],
    t: value() ?? (tape.oneIn(4) ? null : tape.pick([token, '', tape.pick(samples.cursors)])),
    n: value() ?? tape.below(120),
  }
  const query = tape.oneIn(8) ? changedText(tape.pick(subscriptions), tape) : tape.pick(subscriptions)
  const request = { query, variables, ...(tape.oneIn(2) ? {} : { operationName: tape.pick(['A', 'C']) }) }
  const accept = tape.pick(['text/event-stream', 'text/event-stream', 'text/event-stream, */*', ...accepts])
  return { ...post(JSON.stringify(request)), headers: { ...json, accept } }
}

function post(body: string | Buffer): HostileRequest {
  return { method: 'POST', path: '/graphql', headers: json, body: Buffer.from(body) }
}

function graphqlOf(schema: GraphQLSchema, tape: Tape, samples: Samples): GeneratedRequest {
  const scalar = (type: string, argument: string): unknown => {
    if (type === 'ID' || argument === 'after' || argument === 'before') return wildOpaque(tape, samples)
    if (type === 'Int') return tape.below(12)
    if (type === 'Boolean') return tape.oneIn(2)
    if (type === 'DateTime') return tape.pick(['2026-11-20T00:00:00Z', '0001-01-01T00:00:00+15:59'])
    return tape.pick(samples.selectors)
  }
  const isWild = tape.oneIn(2)
  return generatedRequest(schema, tape, {
    scalar,
    wild: isWild ? () => wildValue(tape, samples) : undefined,
    fields: 5 + tape.below(25),
    depth: 2 + tape.below(7),
  })
}

const introspection = [
  '{ __schema { types { name fields { name args { name defaultValue } type { name ofType { name } } } } } }',
  '{ __type(name: "Query") { fields(includeDeprecated: true) { name } } }',
  '{ __type(name: "\\u0000") { name } __typename }',
]

/** A mutated valid document, or an invalid one. */
function mutated(schema: GraphQLSchema, tape: Tape, samples: Samples): string {
  const { query } = graphqlOf(schema, tape, samples)
  switch (tape.below(5)) {
    case 0:
      return changedText(query, tape)
    case 1:
      return query.slice(0, tape.below(query.length))
    case 2:
      return bred(query, graphqlOf(schema, tape, samples).query, tape)
    case 3:
      return bred(query, tape.pick(suspects), tape)
    default:
      return tape.oneIn(2) ? tape.pick(introspection) : tape.pick(suspects)
  }
}

function strangeBody(tape: Tape, request: GeneratedRequest): string | Buffer {
  const text = JSON.stringify(request)
  const query = JSON.stringify(request.query)
  const depth = tape.pick([10, 1_000, 30_000])
  const bodies: readonly (() => string | Buffer)[] = [
    () => Buffer.from(Array.from({ length: tape.below(300) }, () => tape.below(256))),
    () => text.slice(0, tape.below(text.length)),
    () => '['.repeat(depth),
    () => `{"query":${query},"variables":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`,
    () => `{"query":${query},"extensions":${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}}`,
    () => `{"query":"{ __typename }","query":${query},"variables":{},"variables":null}`,
    () => `{"__proto__":{"query":"{ __typename }"},"query":${query},"variables":{"__proto__":{"first":1}}}`,
    () => `{"constructor":{"prototype":{}},"query":${query},"toString":null,"hasOwnProperty":1}`,
    () => `\ufeff${text}`,
    () => Buffer.from(text, 'utf16le'),
    () => Buffer.from(text.replaceAll('a', '\xff'), 'latin1'),
    () => `[${text},${text}]`,
    () => JSON.stringify({ query: 'x'.repeat(tape.pick([10_000, 99_000, 200_000])) }),
    () => JSON.stringify({ ...request, operationName: tape.pick(['', 'Other', '__proto__', 'x'.repeat(9_000), null]) }),
    () => JSON.stringify({ ...request, extensions: { persistedQuery: { version: 1, sha256Hash: 'x'.repeat(64) } } }),
    () => JSON.stringify({ documentId: tape.pick(['sha256:x', '', '__proto__', 'x'.repeat(300)]) }),
    () =>
      tape.pick(['null', '""', '0', '-0', '1e999', 'true', '{}', '[]', 'NaN', '{"query":null}', '{"query":{}}', '']),
    () => `{"query":${query},"variables":${tape.pick(['5', '[]', '"x"', '{"v0":1e999}', '{"":1}', 'false'])}}`,
  ]
  return tape.pick(bodies)()
}

const accepts = [
  '*/*',
  'application/json',
  'application/graphql-response+json',
  'text/html',
  'application/json;q=0, */*;q=0',
  'application/json;charset=utf-8;q=1.5',
  ', ,;;=,q=',
  'a/b;'.repeat(2_000),
  'multipart/mixed',
  'text/event-stream',
  '\xff',
]

/** Words of HTTP and of the schema, and other words. */
const strange: Readonly<Record<string, readonly string[]>> = {
  accept: accepts,
  'content-type': ['', 'application/json; charset=utf-16', 'APPLICATION/JSON', 'text/plain', ';', 'a'.repeat(9_000)],
  'content-encoding': ['gzip', 'br', 'identity', 'deflate, gzip', ''],
  authorization: [
    'Bearer reader',
    'Bearer device',
    'Bearer',
    'Basic eDp5',
    'Bearer \xff',
    `Bearer ${'x'.repeat(9_000)}`,
  ],
  origin: ['null', 'https://evil.example', ''],
  host: ['evil.example', '', '[::1', 'a b', 'localhost:99999'],
  'x-forwarded-for': ['1.2.3.4', '::1, x', 'x'.repeat(500)],
  'sec-fetch-mode': ['cors', 'no-cors', 'navigate'],
  expect: ['100-continue', '200-maybe'],
  connection: ['close', 'upgrade', 'keep-alive, x'],
  upgrade: ['websocket', 'h2c'],
  'transfer-encoding': ['chunked'],
  cookie: ['a=b; '.repeat(500)],
  te: ['trailers'],
  traceparent: ['00-0-0-00', 'x'],
  'x-http-method-override': ['PUT'],
}

function strangeHeaders(tape: Tape): OutgoingHttpHeaders {
  const names = Array.from({ length: 1 + tape.below(4) }, () => tape.pick(Object.keys(strange)))
  return { ...json, ...Object.fromEntries(names.map((name) => [name, tape.pick(strange[name] ?? [''])])) }
}

/** CONNECT requests a tunnel, for which an HTTP client waits differently. */
const methods = METHODS.filter((method) => method !== 'CONNECT')

const paths = [
  '/',
  '/graphql',
  '/graphql?',
  '/graphql/',
  '//graphql',
  '//',
  '/graphql#x',
  '/graphql%00',
  '/%',
  '/..%2f..%2fetc/passwd',
  '/health',
  '/health?x',
  '/live',
  '/graphql?query={__typename}&query={viewer{name}}',
  '/graphql?query=%ff%fe&variables=%7B',
  '/graphql?extensions=%5B%5D&variables=null&query={__typename}',
  '/graphql?documentId=x',
  `/graphql?query=${'x'.repeat(10_000)}`,
  `/${'a/'.repeat(3_000)}`,
  'http://[::1',
  '*',
]

function byGet(tape: Tape, { query, variables }: GeneratedRequest): HostileRequest {
  const parameters = new URLSearchParams({ query: tape.oneIn(4) ? changedText(query, tape) : query })
  if (tape.oneIn(2)) parameters.set('variables', changedIf(tape, JSON.stringify(variables)))
  if (tape.oneIn(5)) parameters.set('operationName', tape.pick(['Generated', 'x', '']))
  if (tape.oneIn(5)) parameters.set('extensions', changedIf(tape, '{"a":1}'))
  return {
    method: 'GET',
    path: `/graphql?${parameters}`.slice(0, tape.oneIn(20) ? 20_000 : 12_000),
    headers: { accept: tape.pick([...accepts.slice(0, 4), 'application/json']) },
    body: Buffer.alloc(0),
  }
}

function changedIf(tape: Tape, text: string): string {
  return tape.oneIn(3) ? changedText(text, tape) : text
}

/** Invalid or almost valid HTTP. */
function strangeBytes(tape: Tape, body: string): string {
  const host = 'Host: localhost\r\n'
  const type = 'Content-Type: application/json\r\n'
  const whole = `POST /graphql HTTP/1.1\r\n${host}${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const random = Array.from({ length: tape.below(400) }, () => String.fromCharCode(tape.below(256))).join('')
  return tape.pick([
    random,
    whole,
    whole.slice(0, tape.below(whole.length)),
    changedText(whole.slice(0, 150), tape) + whole.slice(150),
    whole.replaceAll('\r\n', '\n'),
    whole + whole + whole,
    whole + random,
    whole.replace('HTTP/1.1', tape.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTP', '\0'])),
    whole.replace('POST', tape.pick(['CONNECT', 'PRI', 'post', 'GE T', ''])),
    `POST /graphql HTTP/1.1\r\n${host}${type}Transfer-Encoding: chunked\r\n\r\n${tape.pick(['zz', '-1', 'fffffffffffffffff', '5', '0'])}\r\n${body}`,
    `POST /graphql HTTP/1.1\r\n${host}${type}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${body}`,
    `POST /graphql HTTP/1.1\r\n${host}${type}Content-Length: 5\r\nContent-Length: 7\r\n\r\n${body}`,
    `POST /graphql HTTP/1.1\r\n${host}${type}Content-Length: ${tape.pick(['-1', '1e3', '99999999999999999999', 'x', '+5'])}\r\n\r\n${body}`,
    `GET /graphql HTTP/1.1\r\n${host}X: ${'x'.repeat(tape.pick([100, 15_000, 17_000, 70_000]))}\r\n\r\n`,
    `GET /graphql HTTP/1.1\r\n${host}${'X: y\r\n'.repeat(tape.pick([100, 2_500]))}\r\n`,
    `GET /graphql${'?'.repeat(tape.below(9))}${random.replaceAll(/[\r\n ]/g, '')} HTTP/1.1\r\n${host}\r\n`,
    `GET /graphql HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'GET /graphql\r\n\r\n',
  ])
}
