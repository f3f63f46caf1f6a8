/** What differs between the settings that name OLD and those that name NEW. */
import { keywordValues } from '../config/connection/keyword-values.ts'
import type { DatabaseTarget } from '../config/database-target.ts'
import type { SipisSettings } from '../config/settings-xml.ts'
import { readSettings, settingsValues } from '../config/settings-xml.ts'
import type { Names } from './copy-options.ts'

/** What differs beyond the name of the database: only that does after the step of the vendor. */
export function differenceWarnings(names: Names, source: DatabaseTarget, target: DatabaseTarget): string[] {
  const both = names.source.isSettings && names.target.isSettings
  const [connection, others] = [differences(source, target), both ? differencesOfFiles(names) : []]
  return [
    ...(connection.length === 0
      ? []
      : [
          `OLD and NEW differ in more than the database: ${connection.join(', ')}. SIPIS connects as its Settings.xml says.`,
        ]),
    ...(others.length === 0
      ? []
      : [`${names.target.text} and ${names.source.text} differ in more than the database: ${listed(others)}.`]),
  ]
}

const maxListed = 10

function listed(places: readonly string[]): string {
  const more = places.length - maxListed
  return `${places.slice(0, maxListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Places in the files whose values differ, and keywords of the open strings that say nothing about the connection. */
function differencesOfFiles({ source, target }: Names): string[] {
  const [old, ...olderOnes] = readSettings([source.text])
  const [own, ...otherOnes] = readSettings([target.text])
  // A folder has the settings of several processes.
  if (old === undefined || own === undefined || olderOnes.length + otherOnes.length > 0) return []
  const [before, after] = [settingsValues(old.file), settingsValues(own.file)]
  const places = [...new Set([...before.keys(), ...after.keys()])].filter((place) => place !== 'Database[OpenString]')
  const keywords = [keywordsOf(old), keywordsOf(own)] as const
  const others = [...new Set(keywords.flatMap((one) => [...one.keys()]))].filter((keyword) => !isCompared(keyword))
  return [
    ...places.filter((place) => before.get(place)?.join('\0') !== after.get(place)?.join('\0')),
    ...others
      .filter((keyword) => keywords[0].get(keyword) !== keywords[1].get(keyword))
      .map((keyword) => `${keyword} of Database[OpenString]`),
  ]
}

/** Empty for a URL. */
function keywordsOf({ file, openString = '' }: SipisSettings): ReadonlyMap<string, string> {
  return new Map(/^\w+:\/\//.test(openString.trim()) ? [] : keywordValues(openString, file))
}

/** Whether `differences` compares what the keyword says. */
const isCompared = (keyword: string) =>
  /^(dbname|host|hostaddr|port|user|password|passfile|options|service|ssl.*)$/.test(keyword)

/** What differs between two connections, by name, because a value may be a secret. */
function differences({ connection: a }: DatabaseTarget, { connection: b }: DatabaseTarget): string[] {
  const names = ['host', 'port', 'user', 'password', 'ssl', 'options'] as const
  const text = (value: unknown) => (typeof value === 'function' ? 'not given' : (JSON.stringify(value) ?? ''))
  return names.filter((name) => text(a[name]) !== text(b[name]))
}
