/** Serves the web console: one page for all its routes, and the files that the page needs. They contain no data. */
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../answer.ts'
import { Refusal } from '../refusal.ts'
import type { ClientAddress } from '../traffic/client-address.ts'
import type { RateLimits } from '../traffic/rate-limit.ts'
import type { Encoded } from './encodings.ts'
import { encode, suffixes } from './encodings.ts'
import type { BuiltFile } from './files.ts'
import { manifestName, readConsole } from './files.ts'
import { assetHeaders, pageHeaders } from './policy.ts'
import type { StaticFile } from './static-file.ts'
import { answerFile, staticFile } from './static-file.ts'

/** @throws Refusal 404 for an unknown asset */
export type ConsoleEndpoint = (request: IncomingMessage, path: string) => Promise<Answer>

interface Guards {
  readonly addressOf: ClientAddress
  readonly rateLimits: RateLimits
}

const consolePath = '/console'
const assets = `${consolePath}/assets/`
const page = 'index.html'

export function isOfConsole(path: string): boolean {
  return path === consolePath || path.startsWith(`${consolePath}/`)
}

/** The files are read, or in a clone bundled, at the first visit. Paths are looked up among them: none leads to the file system. */
export function createConsole({ addressOf, rateLimits }: Guards, read = readConsole): ConsoleEndpoint {
  let files: Promise<ReadonlyMap<string, StaticFile>> | undefined
  const load = () => {
    files ??= read().then(served)
    files.catch(() => {
      files = undefined
    })
    return files
  }
  return async (request, path) => {
    await rateLimits.ofAddress(() => addressOf(request))
    const name = path.startsWith(assets) ? path.slice(consolePath.length + 1) : page
    const file = (await load()).get(name)
    if (file === undefined) throw new Refusal(404, 'NOT_FOUND', 'The console has no such file. Load its page again.')
    return answerFile(file, request)
  }
}

async function served(files: readonly BuiltFile[]): Promise<ReadonlyMap<string, StaticFile>> {
  const contents = new Map(files.map((file) => [file.path, file.contents]))
  const named = files.flatMap(({ path }) => {
    const type = typeOf(path)
    return type === undefined ? [] : [{ path, type }]
  })
  const entries = named.map(async ({ path, type }) => {
    const headers = path === page ? pageHeaders : assetHeaders
    return [path, staticFile(type, await encodedOf(path, contents), headers)] as const
  })
  return new Map(await Promise.all(entries))
}

/** As the build has compressed it; in a clone, compressed now. */
async function encodedOf(path: string, contents: ReadonlyMap<string, Uint8Array>): Promise<Encoded> {
  const identity = Buffer.from(contents.get(path) ?? [])
  const br = contents.get(`${path}${suffixes.br}`)
  const gzip = contents.get(`${path}${suffixes.gzip}`)
  if (br === undefined || gzip === undefined) return encode(identity)
  return { identity, br: Buffer.from(br), gzip: Buffer.from(gzip) }
}

const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' } as const

/** Undefined for what is not served by itself: the manifest, and compressed copies. */
function typeOf(path: string): StaticFile['type'] | undefined {
  if (path === manifestName) return undefined
  const extension = path.slice(path.lastIndexOf('.') + 1)
  return Object.entries(types).find(([known]) => known === extension)?.[1]
}
