/** Finds variables that look like settings of the gateway but are not: a misspelled setting would be ignored silently. */
import { distance } from 'fastest-levenshtein'
import type { Environment } from './environment.ts'
import { settingNames } from './settings.ts'

export interface Misspelled {
  readonly name: string
  /** The most similar setting; undefined if none is similar. */
  readonly meant: string | undefined
  /** Whether it seems to configure authentication. */
  readonly isAuthentication: boolean
}

/** Prefixes of the gateway's settings. No other known program uses them, so any variable with one is meant for the gateway. */
const ownPrefix =
  /^(LIMIT|RATE_LIMIT|SIPIS|TRUST|TRUSTED|AUDIT|SETTINGS|CORS|METRICS|ACCESS|AUTH|API_KEYS?|FEDERATION)_|^API_KEYS?$/

const authentication = /^(AUTH_|API_KEYS?(_|$))/

/** Too short to distinguish from other words, so only the exact spelling counts. */
const short = new Set(['HOST', 'PORT'])

/** Common variables of other programs that resemble settings of the gateway. */
const foreign = new Set([
  'API_KEY',
  'API_KEY_ID',
  'API_KEY_SECRET',
  'AUTH_SECRET',
  'AUTH_TOKEN',
  'AUTH_TRUST_HOST',
  'AUTH_TYPE',
  'AUTH_URL',
  'AUTH_USER',
  'AUTH_PASSWORD',
  'DATABASE_URLS',
  'TRUST_STORE',
])

/** Whether Kubernetes sets the variable for another service, which may be called auth, for example. */
function isServiceLink(name: string, value = ''): boolean {
  return (
    /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value))
  )
}

/** Variables that are likely meant as settings, but are not. */
export function misspelledSettings(environment: Environment): Misspelled[] {
  const names = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '')
  return names.flatMap(([name, value]) => {
    if (settingNames.includes(name) || isServiceLink(name, value)) return []
    // Another case, and hyphens instead of underscores, are misspellings too.
    const plain = name.toUpperCase().replaceAll('-', '_')
    if (foreign.has(plain) || short.has(plain)) return []
    const meant = nearest(plain)
    if (meant === undefined && !ownPrefix.test(plain)) return []
    return [{ name, meant, isAuthentication: authentication.test(meant ?? plain) || authentication.test(plain) }]
  })
}

function nearest(name: string): string | undefined {
  const [first] = settingNames
    .filter((setting) => !short.has(setting))
    .map((setting) => ({ setting, edits: editDistance(name, setting) }))
    .filter(({ setting, edits }) => edits <= tolerance(name, setting))
    .sort((a, b) => a.edits - b.edits)
  return first?.setting
}

/** Largest edit distance of a misspelling. Small for names without a prefix of the gateway: DATABASE_USER is not DATABASE_URL. */
function tolerance(name: string, setting: string): number {
  const rest = setting.slice(setting.indexOf('_') + 1)
  return ownPrefix.test(name) ? Math.max(2, Math.ceil(rest.length / 2)) : Math.max(1, Math.floor(rest.length / 5))
}

/** Edit distance. Swapped letters count as one edit, and so does a missing or additional word before the name. */
function editDistance(name: string, setting: string): number {
  const isPart = (short: string, long: string) => short.includes('_') && long.endsWith(`_${short}`)
  const withoutBreaks = distance(name.replaceAll('_', ''), setting.replaceAll('_', ''))
  if (withoutBreaks === 0) return 0
  if (authentication.test(setting) && (isPart(name, setting) || isPart(setting, name))) return 1
  // TEST_DATABASE_URL and its like are settings of other programs.
  if (ownPrefix.test(name) && isPart(setting, name)) return 1
  const letters = ownPrefix.test(name) ? distance(name, setting) : Math.min(distance(name, setting), withoutBreaks)
  return letters === 2 && sorted(name) === sorted(setting) ? 1 : letters
}

function sorted(name: string): string {
  return [...name].sort().join('')
}

export function describeMisspelled({ name, meant }: Misspelled): string {
  const hint = meant === undefined ? 'docs/configuration.md lists the settings' : `did you mean ${meant}?`
  return `${name} is set, but is not a setting of the gateway and does nothing: ${hint}`
}

/** Lines to add to the message that a setting is missing. */
export function misspelledHints(environment: Environment): string[] {
  return misspelledSettings(environment).map(describeMisspelled)
}
