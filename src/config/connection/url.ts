import { Problem } from '../../errors/problem.ts'

/** A host is an address in brackets, or ends where its port or the next part begins. */
const host = String.raw`(?:\[[^\]]+\]|[^[:/?,][^:/?,]*|)(?::[^/?,]*)?`
const form = new RegExp(
  String.raw`^postgres(?:ql)?://(?:(?<userinfo>[^@/]*)@|(?![^@/]*@))(?<hosts>${host}(?:,${host})*)(?:/(?<dbname>[^?]*))?(?:\?(?<query>.*))?$`,
  'is',
)

/**
 * The parameters of a postgres:// URL as libpq reads them, in their order. Does not use Node's URL, whose rules differ: libpq has no
 * fragments, does not decode +, and allows socket folders and several hosts.
 */
export function urlParameters(text: string, where: string): [string, string][] {
  const parts = form.exec(text)?.groups
  if (parts === undefined) throw invalid(where)
  const { userinfo = '', hosts = '', dbname = '', query = '' } = parts
  // libpq reads a database name here. More often it is the rest of a password with a /, and messages quote names.
  if (dbname.includes('@')) throw invalid(where)
  const [user = '', ...password] = userinfo.split(':')
  const places = hosts.split(',').map((place) => /^(?:\[(.*)\]|([^:]*))(?::(.*))?$/s.exec(place) ?? [])
  const named: [string, string][] = [
    ['user', user],
    ['password', password.join(':')],
    ['host', places.map(([, address, name]) => address ?? name ?? '').join(',')],
    ['port', places.map(([, , , port]) => port ?? '').join(',')],
    ['dbname', dbname],
  ]
  const given = named.filter(([, value]) => value !== '')
  return [...given, ...queryPairs(query, where)].map(([keyword, value]) =>
    jdbc([decoded(keyword, where), decoded(value, where)]),
  )
}

function queryPairs(query: string, where: string): [string, string][] {
  if (query === '') return []
  return query
    .replace(/&$/, '')
    .split('&')
    .map((pair) => {
      const [keyword = '', value, ...more] = pair.split('=')
      if (value === undefined || more.length > 0) throw invalid(where)
      return [keyword, value]
    })
}

/** libpq accepts this parameter of the JDBC driver. */
function jdbc([keyword, value]: [string, string]): [string, string] {
  return keyword === 'ssl' && value === 'true' ? ['sslmode', 'require'] : [keyword, value]
}

function decoded(text: string, where: string): string {
  try {
    if (!/%00/.test(text)) return decodeURIComponent(text)
  } catch {
    // Reported below, without the text.
  }
  throw new Problem(
    `${where} has a % that is not followed by the two hex digits of a UTF-8 byte. Write % itself as %25.`,
  )
}

function invalid(where: string): Problem {
  return new Problem(
    `${where} is not a valid postgres:// URL. Escape special characters of names and of the password (@ is %40, / is %2F, = is %3D, & is %26).`,
  )
}
