import { readFileSync, statSync } from 'node:fs'

export interface Place {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** The password, or why there is none. */
export type Found = { readonly password: string } | { readonly reason: string }

/** Looks up a password as libpq does: in the first line host:port:database:user:password that matches. */
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

/** Why the file cannot be used. Like libpq, ignores a file that others can read. */
function unfit(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return `there is no ${file}`
  if (!found.isFile()) return `${file} is not a plain file`
  if ((found.mode & 0o077) !== 0) return `${file} is not used, because others than its owner may access it (chmod 0600)`
  return undefined
}

/** Splits four fields, which end with a colon, from the password. A backslash escapes the next character. */
function split(line: string): [readonly string[], string | undefined] {
  const match = /^((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):(.*)$/s.exec(line)
  const [, ...fields] = match ?? []
  return [fields.slice(0, 4), fields[4]]
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.?)/gs, '$1')
}
