import type { IncomingHttpHeaders } from 'node:http'
import { IncomingMessage, request } from 'node:http'
import { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConsole } from '../../../src/http/console/console.ts'
import { readManifest } from '../../../src/http/graphql/trusted-manifest.ts'
import { openRateLimits } from '../../../src/http/traffic/rate-limit.ts'
import type { Client, ClientOptions } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'

let own: TestDatabase
let client: Client
let script: string
const clients: Client[] = []
const opened = async (options: ClientOptions = {}) => {
  const made = await openClient(openReader(own.url), { hasConsole: true, ...options })
  clients.push(made)
  return made
}

const noLimits = { costPerMinute: undefined, requestsPerMinute: undefined, shared: undefined }

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends the path as it is, and leaves the body as it comes. */
async function get(path: string, headers: Record<string, string> = {}, { url } = client, method = 'GET'): Promise<Got> {
  const { hostname, port } = new URL(url)
  const sent = request({ hostname, port, path, method, headers })
  sent.end()
  return new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', async (response) => {
      resolve({ status: response.statusCode, headers: response.headers, body: await buffer(response) })
    })
  })
}

beforeAll(async () => {
  own = await cloneDatabase('V2')
  client = await opened()
  const { body } = await get('/console')
  script = /src="([^"]+)"/.exec(body.toString())?.[1] ?? ''
})
afterAll(async () => {
  for (const made of clients) await made[Symbol.asyncDispose]()
  await own[Symbol.asyncDispose]()
})

describe('The page of the console', () => {
  it('is the same for all its routes, and names files that exist', async () => {
    const { status, headers, body } = await get('/console')
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    for (const path of [
      '/console/',
      '/console/search?q=a',
      '/console/selectors/..%2f..%2fpackage.json',
      '/console/a/../b',
    ])
      expect((await get(path)).body).toEqual(body)
    const files = [...body.toString().matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(files).toHaveLength(3)
    for (const file of files) expect([file, (await get(file)).status]).toEqual([file, 200])
  })

  it('runs files of the gateway alone, and texts cannot become scripts', async () => {
    const policy = (await get('/console')).headers['content-security-policy']
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
  })

  it('is asked for each time, and not sent again where the browser has it', async () => {
    const { etag = '', 'cache-control': kept, vary } = (await get('/console')).headers
    expect([kept, vary]).toEqual(['no-cache', 'accept-encoding'])
    for (const known of [etag, `"other", W/${etag}`]) {
      const { status, body } = await get('/console', { 'if-none-match': known })
      expect([status, body.length]).toEqual([304, 0])
    }
    expect((await get('/console', { 'if-none-match': etag, 'accept-encoding': 'br' })).status).toBe(200)
  })

  it('does not tell other sites which selector it shows', async () => {
    expect((await get('/console')).headers['referrer-policy']).toBe('no-referrer')
  })
})

describe('A file of the console', () => {
  it('may be kept for ever, because its name has a digest', async () => {
    const { headers } = await get(script)
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(script).toMatch(/-[A-Z0-9]{8}\.js$/)
  })

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
    ['identity', undefined, (body: Buffer) => body],
    ['br;q=0, gzip;q=0', undefined, (body: Buffer) => body],
  ] as const)('is sent to a browser that accepts "%s" as %s', async (accepted, encoding, decode) => {
    const plain = await get(script)
    const { headers, body } = await get(script, { 'accept-encoding': accepted })
    expect(headers['content-encoding']).toBe(encoding)
    expect(decode(body).equals(plain.body)).toBe(true)
  })

  it('is answered to HEAD without its bytes', async () => {
    const { status, headers, body } = await get(script, {}, client, 'HEAD')
    expect([status, body.length]).toEqual([200, 0])
    expect(Number(headers['content-length'])).toBeGreaterThan(10_000)
  })

  it('of scripts has less than 150 kB compressed', async () => {
    expect((await get(script, { 'accept-encoding': 'br' })).body.length).toBeLessThan(150_000)
    expect((await get(script, { 'accept-encoding': 'gzip' })).body.length).toBeLessThan(150_000)
  })

  it.each([
    '/console/assets/',
    '/console/assets/main.js',
    '/console/assets/../index.html',
    '/console/assets/../../package.json',
    '/console/assets/..%2f..%2fpackage.json',
    '/console/assets/%2e%2e/%2e%2e/package.json',
    '/console/assets/constructor',
  ])('at %s does not exist', async (path) => {
    const { status, headers } = await get(path)
    expect([status, headers['cache-control']]).toEqual([404, 'no-store'])
  })

  it('counts as a request of its address', async () => {
    const limited = await opened({ rateLimits: { requestsPerMinute: 3 } })
    const statuses = []
    for (let n = 0; n < 4; n++) statuses.push((await get('/console', {}, limited)).status)
    expect(statuses).toEqual([200, 200, 200, 429])
  })
})

describe('The console', () => {
  const ask = async ({ url }: Client, documentId: string, credential = 'reader', variables = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
      body: JSON.stringify({ documentId, variables }),
    })
    const { data, errors } = await response.json()
    return errors?.[0].extensions.code ?? data
  }
  const authenticate = authenticateAs([tool('reader', 'sipis:read')])
  const documents = readManifest('console/client/documents.json')
  const [viewer = ''] = Object.keys(documents).filter((id) => documents[id]?.startsWith('query Viewer '))

  it('loads without a credential, its data does not', async () => {
    const closed = await opened({ authenticate })
    expect((await get('/console', {}, closed)).status).toBe(200)
    expect((await get(script, {}, closed)).status).toBe(200)
    expect(await ask(closed, viewer, 'nobody')).toBe('UNAUTHENTICATED')
    expect(closed.statements()).toEqual([])
  })

  it('sends documents that are trusted, whatever the manifest of the operator has', async () => {
    const only = await opened({ authenticate, trustedDocuments: { manifest: {}, only: true } })
    expect(await ask(only, viewer)).toEqual({ viewer: { name: 'reader', scopes: ['sipis:read'] } })
    expect(await ask(only, `sha256:${viewer}`)).toEqual({ viewer: { name: 'reader', scopes: ['sipis:read'] } })
    expect(await ask(only, 'another')).toBe('PERSISTED_QUERY_NOT_FOUND')
    expect((await only.answer('{ viewer { name } }', {}, 'reader')).errors?.[0]?.extensions.code).toBe(
      'DOCUMENT_NOT_TRUSTED',
    )
  })

  it('sends documents that are valid and within the default limits, over 30 days and for pages of 100', async () => {
    const day = 86_400_000
    const at = (days: number) => new Date(Date.now() - days * day).toISOString()
    // Each document takes those that it declares.
    const variables = {
      ...{ until: at(0), olderThan: [at(30)], timeZone: 'Europe/Prague', first: 100, filter: {} },
      ...{ name: 'x', selector: 'x', suffix: 'x', prefix: 'x', callId: 'x', id: 'x', fingerprint: '0123456789abcdef' },
      ...{ caller: { username: 'x' }, settings: [{ name: 'username', value: 'x' }] },
    }
    const bad: unknown[] = []
    for (const [id, text] of Object.entries(documents)) {
      const by = ['DAY', text.includes('pushTestStats') ? 'PLATFORM' : 'REASON']
      // They cost three times as much, and the console asks for 14 days at most.
      const since = at(text.includes('topCallers') ? 14 : 30)
      const code = await ask(client, id, 'reader', { ...variables, since, by })
      if (/^GRAPHQL_|^TOO_COSTLY|^PERSISTED|^DOCUMENT/.test(String(code))) bad.push([text, code])
    }
    expect(bad).toEqual([])
  })

  it.each([
    ['that is switched off', { hasConsole: false }],
    ['beside the federation subgraph, whose names it does not know,', { isSubgraph: true }],
  ])('%s does not exist, nor do its documents', async (_, options) => {
    const without = await opened(options)
    for (const path of ['/console', '/console/', script]) expect((await get(path, {}, without)).status).toBe(404)
    expect(await ask(without, viewer)).toBe('PERSISTED_QUERY_NOT_SUPPORTED')
  })

  it('is read again after it could not be read', async () => {
    const html = { path: 'index.html', contents: Buffer.from('<p>built</p>') }
    const reads = [() => Promise.reject(new Error('not built')), () => Promise.resolve([html])]
    const guards = { addressOf: () => '', rateLimits: await openRateLimits(noLimits) }
    const endpoint = createConsole(guards, () => reads.shift()?.() ?? Promise.reject(new Error('read twice')))
    const visit = () => endpoint(new IncomingMessage(new Socket()), '/console')
    await expect(visit()).rejects.toThrow('not built')
    expect(String((await visit()).body)).toBe('<p>built</p>')
    expect((await visit()).status).toBe(200)
  })

  it('takes nothing but GET and HEAD, and only its own path', async () => {
    expect((await get('/console', {}, client, 'POST')).status).toBe(404)
    expect((await get('/consoles')).status).toBe(404)
  })
})
