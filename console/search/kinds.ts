/** What a text of the search field can be. One text can be several things. */

/** A selector: 40 hexadecimal digits, a colon and a suffix. */
export function isWholeSelector(text: string): boolean {
  return /^[0-9a-f]{40}:\S+$/i.test(text)
}

/** The first characters of a selector, at least so many that few accounts share them. */
export function isStartOfSelector(text: string): boolean {
  return /^[0-9a-f]{6,40}$/i.test(text) || /^[0-9a-f]{40}:\S*$/i.test(text)
}

/** The part behind the colon. */
export function isSuffix(text: string): boolean {
  return /^:?[\w.-]{4,64}$/.test(text)
}

/** A Call-ID is any word; shorter ones are taken for something else. */
export function isCallId(text: string): boolean {
  return /^\S{8,}$/.test(text) && !/^(sips?:|tel:|\+)/i.test(text) && !isWholeSelector(text)
}

/** Of a push token: as the console shows it, or the whole SHA-256. */
export function isFingerprint(text: string): boolean {
  return /^([0-9a-f]{16}|[0-9a-f]{64})$/i.test(text)
}

export interface SettingText {
  readonly name: string
  readonly value: string
}

/** A user of an account, with its host if one is given, by the settings of the account. */
export function accountOf(text: string): readonly SettingText[] {
  const [, user, host] = /^(?:sips?:)?([^\s@:]+)(?:@([^\s@:;?]+))?$/i.exec(text) ?? []
  if (user === undefined) return []
  const username = { name: 'username', value: user }
  return host === undefined ? [username] : [username, { name: 'host', value: host }]
}

export interface CallerText {
  readonly username?: string
  readonly usernameEndsWith?: string
  readonly domain?: string
}

/** A number matches with or without its prefix, because callers write it in many ways. */
export function callerOf(text: string): CallerText | undefined {
  const bare = text.replace(/^(sips?|tel):/i, '').replace(/[;?].*$/, '')
  const [user = '', domain] = bare.split('@')
  if (user === '' && domain === undefined) return undefined
  const at = domain === undefined || domain === '' ? {} : { domain: domain.replace(/:\d+$/, '') }
  const digits = user.replaceAll(/[\s()/.-]/g, '')
  if (/^(\+|00)?\d{3,}$/.test(digits)) return { usernameEndsWith: digits.replace(/^(\+|00)/, ''), ...at }
  if (/\s/.test(user)) return undefined
  return user === '' ? at : { username: user, ...at }
}
