import { readFileSync, statSync } from 'node:fs'

export interface Place {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** The password, or why there is none. */
export type Found = { readonly password: string } | { readonly reason: string }

/** Looks up a password as libpq does: the first line of host:port:database:user:password that fits. */
export function passwordFromFile(file: string, place: Place): Found {
  const reason = unfit(file)
  if (reason !== undefined) return { reason }
  const wanted = [place.host, String(place.port), place.database, place.user]
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    const [fields, password] = split(line)
    if (line.startsWith('#') || password === undefined) continue
    if (fields.every((field, index) => field === '*' || unescaped(field) === wanted[index]))
      return { password: unescaped(password) }
  }
  return { reason: `${file} has no line for this host, port, database and user` }
}

/** A file that others can read is not used. */
function unfit(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return `there is no ${file}`
  if (!found.isFile()) return `${file} is not a plain file`
  if ((found.mode & 0o077) !== 0) return `${file} is not used, because others than its owner may access it (chmod 0600)`
  return undefined
}

/** Four fields that end with a colon, a backslash taking the next character as it is; the rest is the password. */
function split(line: string): [readonly string[], string | undefined] {
  const match = /^((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):(.*)$/s.exec(line)
  const [, ...fields] = match ?? []
  return [fields.slice(0, 4), fields[4]]
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.?)/gs, '$1')
}
