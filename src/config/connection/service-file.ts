import { readFileSync } from 'node:fs'
import { Problem } from '../../errors/problem.ts'

/** The parameters of a service, from the first of the files that defines it. */
export function serviceParameters(service: string, files: readonly string[], where: string): [string, string][] {
  for (const file of files) {
    const found = section(lines(file), service)
    if (found !== undefined) return pairs(found, file)
  }
  throw new Problem(
    `${where} names a service that neither ${files.join(' nor ')} defines. Correct service, or define it.`,
  )
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  } catch {
    return []
  }
}

function section(all: readonly string[], service: string): string[] | undefined {
  const start = all.indexOf(`[${service}]`)
  if (start < 0) return undefined
  const rest = all.slice(start + 1)
  const end = rest.findIndex((line) => line.startsWith('['))
  return rest.slice(0, end < 0 ? rest.length : end)
}

function pairs(found: readonly string[], file: string): [string, string][] {
  return found.map((line): [string, string] => {
    const equals = line.indexOf('=')
    const keyword = line.slice(0, Math.max(equals, 0))
    if (equals < 0 || line.startsWith('ldap')) {
      throw new Problem(`${file} has a line in this service that is not of the form keyword=value. Correct it.`)
    }
    if (keyword === 'service' || keyword === 'servicefile') {
      throw new Problem(`${file} has ${keyword} within a service, which libpq does not allow. Take it out.`)
    }
    return [keyword, line.slice(equals + 1)]
  })
}
