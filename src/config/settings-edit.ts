/** Edits the database of a Settings.xml: only the values that change, byte for byte everything else. */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { Problem } from '../errors/problem.ts'
import { keywordPlaces } from './connection/keyword-values.ts'

/** Values by keyword of libpq, such as dbname. */
export type Changes = Readonly<Record<string, string>>

export interface SettingsEdit {
  readonly file: string
  readonly contents: Buffer
  /** The edited value of the attribute. */
  readonly openString: string
  /** The edited element, without its secrets. */
  readonly element: string
  readonly line: number
}

/** An attribute in the text of a file. */
interface Place {
  readonly start: number
  readonly end: number
  readonly quote: string
  readonly elementStart: number
  readonly elementEnd: number
}

const attributes = `(?:[^>"']|"[^"]*"|'[^']*')*?`
const database = new RegExp(
  String.raw`<(?:[\w.-]+:)?Database\b${attributes}\sOpenString\s*=\s*("[^"]*"|'[^']*')${attributes}>`,
  'g',
)
/** No XML element is meant inside of these. */
const ignored = /<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>/gs

/** @throws Problem if the file is not one that can be edited */
export function editSettings(file: string, changes: Changes): SettingsEdit {
  // One character for each byte, so that what is not edited stays as it is in any encoding that extends ASCII.
  const text = readFileSync(file).toString('latin1')
  const place = findOpenString(text)
  if (place === undefined) throw new Problem(`${file} has no Database[OpenString] that can be edited. Edit it by hand.`)
  const attribute = changed(text.slice(place.start, place.end), changes, place.quote, file)
  const shown = changed(attribute, masked(attribute, file), place.quote, file)
  const element = text.slice(place.elementStart, place.start) + shown + text.slice(place.end, place.elementEnd)
  return {
    file,
    contents: Buffer.from(text.slice(0, place.start) + attribute + text.slice(place.end), 'latin1'),
    openString: utf8(decoded(attribute).text),
    element: utf8(element),
    line: text.slice(0, place.elementStart).split('\n').length,
  }
}

/**
 * Replaces the file at once. The file as it was stays beside it, with its owner and mode, which the new one has as well.
 *
 * @returns the path of the file as it was
 * @throws Problem if the file cannot be replaced; then it is unchanged
 */
export function writeSettings({ file, contents }: SettingsEdit): string {
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '')
  const backup = existsSync(`${file}.old`) ? `${file}.old-${stamp}` : `${file}.old`
  const temporary = `${file}.${process.pid}.partial`
  try {
    // Of a process that was killed and had the same number, such as the first one of a container.
    rmSync(temporary, { force: true })
    writeLike(file, temporary, contents)
    linkSync(file, backup)
    renameSync(temporary, file)
    return backup
  } catch (error) {
    rmSync(temporary, { force: true })
    const why = error instanceof Error ? error.message : String(error)
    throw new Problem(`Cannot edit ${file}: ${why}. Edit it by hand.`)
  }
}

function writeLike(file: string, path: string, contents: Buffer): void {
  const { mode, uid, gid } = statSync(file)
  const handle = openSync(path, 'wx', 0o600)
  try {
    fchownSync(handle, uid, gid)
    fchmodSync(handle, mode & 0o7777)
    writeSync(handle, contents)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Other encodings are shown wrongly, and edited rightly. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** As with the reader of the settings, the last one counts. */
function findOpenString(text: string): Place | undefined {
  const visible = text.replaceAll(ignored, (part) => ' '.repeat(part.length))
  const match = [...visible.matchAll(database)].at(-1)
  const value = match?.[1]
  if (match === undefined || value === undefined) return undefined
  const elementEnd = match.index + match[0].length
  // The attribute's name comes first, so that an equal value before it is not taken.
  const name = /\sOpenString\s*=\s*/.exec(match[0])
  if (name === null) return undefined
  const start = match.index + match[0].indexOf(value, name.index) + 1
  return { start, end: start + value.length - 2, quote: value[0] ?? '"', elementStart: match.index, elementEnd }
}

/** The attribute with other values for these keywords; those that it lacks are added. */
function changed(attribute: string, changes: Changes, quote: string, file: string): string {
  return Object.entries(changes).reduce((raw, [keyword, value]) => {
    const { text, places } = decoded(raw)
    if (/^postgres(ql)?:\/\//i.test(text.trim()))
      throw new Problem(`Database[OpenString] of ${file} is a URL. Edit it by hand.`)
    const encode = (written: string) => encoded(written, quote)
    const given = keywordPlaces(text, file).findLast((one) => one.keyword === keyword)
    if (given === undefined) return `${raw.trimEnd()} ${keyword}=${encode(libpqValue(value))}`
    return `${raw.slice(0, places[given.start])}${encode(libpqValue(value))}${raw.slice(places[given.end])}`
  }, attribute)
}

function masked(attribute: string, file: string): Changes {
  const secrets = keywordPlaces(decoded(attribute).text, file).filter(({ keyword }) => /pass/i.test(keyword))
  return Object.fromEntries(secrets.map(({ keyword }) => [keyword, '...']))
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The text of an attribute, and for each of its characters the place where that is written. */
function decoded(raw: string): { readonly text: string; readonly places: readonly number[] } {
  let text = ''
  const places: number[] = []
  for (const match of raw.matchAll(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot|apos));|./gis)) {
    const [all, hex, decimal, name] = match
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    const part = name !== undefined ? (entities[name] ?? all) : Number.isNaN(code) ? all : String.fromCodePoint(code)
    for (let unit = 0; unit < part.length; unit++) places.push(match.index)
    text += part
  }
  return { text, places: [...places, raw.length] }
}

function encoded(text: string, quote: string): string {
  const named = text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(quote, quote === '"' ? '&quot;' : '&apos;')
  // Written so in every encoding.
  return [...named].map((one) => (one > '~' ? `&#${one.codePointAt(0)};` : one)).join('')
}

function libpqValue(value: string): string {
  return /^[\w.:/@+-]+$/.test(value) ? value : `'${value.replaceAll(/[\\']/g, '\\$&')}'`
}
