/**
 * SIPIS's own Settings.xml: the root element Sipis, with or without its namespace; Sipis[Defaults] names another file that
 * is read first and overlaid; Sipis/Database[OpenString] is a libpq keyword/value string.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { z } from 'zod'
import { Problem } from '../errors/problem.ts'

export interface SipisSettings {
  readonly file: string
  /** Port of the process's own HTTP server; undefined if none is named. */
  readonly httpPort: number | undefined
  /** The file of the chain that names the database. Undefined if none does. */
  readonly holder: string | undefined
  readonly openString: string | undefined
}

const maxDefaults = 10
const maxBytes = 5_000_000

const attribute = z.string().optional()
/** A repeated element is a list. As with an overlay, the last one wins. */
const lastOf = <Element extends z.ZodType>(element: Element) =>
  z.preprocess((found) => (Array.isArray(found) ? found.at(-1) : found), z.union([element, z.literal('')]).optional())
const document = z.object({
  Sipis: z.union([
    z.object({
      '@Defaults': attribute,
      Database: lastOf(z.object({ '@OpenString': attribute })),
      HttpServer: lastOf(z.object({ '@Port': attribute })),
    }),
    z.literal('').transform(() => ({ '@Defaults': undefined, Database: undefined, HttpServer: undefined })),
  ]),
})

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseAttributeValue: false,
  parseTagValue: false,
  // Without it, numeric character references stay as they are.
  htmlEntities: true,
})

/** Reads the settings of one or several SIPIS processes; a folder stands for every Settings*.xml in it. */
export function readSettings(paths: readonly string[]): SipisSettings[] {
  return paths.flatMap(settingsFiles).map((file) => ({ file, ...settingsIn(file) }))
}

function settingsFiles(path: string): string[] {
  const isFolder = attempt(path, () => statSync(path).isDirectory())
  if (!isFolder) return [path]
  const files = readdirSync(path).filter((name) => /^Settings.*\.xml$/i.test(name))
  if (files.length === 0) throw new Problem(`There is no Settings*.xml in ${path}. Name the file itself.`)
  return files.sort().map((name) => join(path, name))
}

interface Parsed {
  readonly path: string
  readonly root: z.infer<typeof document>['Sipis']
}

/** A file and its Defaults, in which the first value that is given counts. What comes behind it is not read. */
function* chainOf(file: string): Generator<Parsed> {
  const chain: Parsed[] = []
  for (let next: string | undefined = resolve(file); next !== undefined; ) {
    const path: string = next
    const [first] = chain
    if (chain.some((one) => one.path === path)) {
      throw new Problem(`The Defaults of ${first?.path} lead back to ${path}. Break the circle.`)
    }
    if (chain.length > maxDefaults) {
      throw new Problem(`The Defaults of ${first?.path} are nested more than ${maxDefaults} deep. Name fewer files.`)
    }
    const root = parse(path)
    const parsed = { path, root }
    chain.push(parsed)
    yield parsed
    const { '@Defaults': defaults = '' } = root
    next = defaults.trim() === '' ? undefined : resolve(dirname(path), defaults)
  }
}

function settingsIn(file: string): Omit<SipisSettings, 'file'> {
  let named: Pick<SipisSettings, 'holder' | 'openString'> | undefined
  let httpPort: number | undefined
  try {
    for (const { path, root } of chainOf(file)) {
      named ??= databaseIn(path, root)
      httpPort ??= portIn(root)
      if (named !== undefined && httpPort !== undefined) break
    }
  } catch (error) {
    // Where the database is known, Defaults that cannot be read are no reason to stop.
    if (named === undefined || !(error instanceof Problem)) throw error
  }
  return { holder: undefined, openString: undefined, ...named, httpPort }
}

function databaseIn(path: string, { Database: database }: Parsed['root']) {
  const own = database ? database['@OpenString'] : undefined
  return own === undefined || own.trim() === '' ? undefined : { holder: path, openString: own }
}

function portIn({ HttpServer: server }: Parsed['root']): number | undefined {
  const port = Number(server ? server['@Port'] : undefined)
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined
}

/** The values of all elements and attributes of one file, by place, such as `HttpServer[Port]`; without those of its Defaults. */
export function settingsValues(file: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  const add = (place: string, node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) add(place, one)
    else if (typeof node !== 'object' || node === null) values.set(place, [...(values.get(place) ?? []), String(node)])
    else for (const [name, child] of Object.entries(node)) add(placeOf(place, name), child)
  }
  const { Sipis: root } = z.object({ Sipis: z.unknown() }).parse(parser.parse(textOf(resolve(file))))
  add('', root)
  return values
}

function placeOf(parent: string, name: string): string {
  if (name.startsWith('@')) return `${parent || 'Sipis'}[${name.slice(1)}]`
  return name === '#text' ? parent : parent === '' ? name : `${parent}/${name}`
}

function parse(path: string): z.infer<typeof document>['Sipis'] {
  const text = textOf(path)
  const result = document.safeParse(attempt(path, () => parser.parse(text)))
  if (result.success) return result.data.Sipis
  throw new Problem(`${path} has no root element Sipis. Check that it is a Settings.xml of SIPIS.`)
}

/** The text of a file that is well-formed XML. */
function textOf(path: string): string {
  const text = decode(
    attempt(path, () => {
      if (statSync(path).size > maxBytes) throw new Problem(`${path} is larger than any Settings.xml. Check the path.`)
      return readFileSync(path)
    }),
  )
  const validity = XMLValidator.validate(text)
  if (validity === true) return text
  throw new Problem(`${path} is not well-formed XML: line ${validity.err.line}: ${validity.err.msg} Correct the file.`)
}

/** XML is UTF-8 unless a byte order mark or its own declaration says otherwise. */
function decode(bytes: Buffer): string {
  const declared = /^<\?xml[^>]*encoding=["']([\w.-]+)["']/.exec(bytes.subarray(0, 200).toString('latin1'))?.[1]
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined
  try {
    return new TextDecoder(marked ?? declared ?? 'utf-8').decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(`Cannot read ${path}: ${reason(error)}. Check the path and its permissions.`)
  }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}
