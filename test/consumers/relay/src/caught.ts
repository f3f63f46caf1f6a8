/** Turns the results of @catch into what the shared table of failures compares: null, and the error at its place. */
import type { Seen } from '../../shared/failures.ts'

type Path = readonly (string | number)[]
type SeenError = Seen['errors'][number]

export function withoutCatches(value: unknown, errors: SeenError[], path: Path = []): unknown {
  if (Array.isArray(value)) return value.map((one, index) => withoutCatches(one, errors, [...path, index]))
  if (typeof value !== 'object' || value === null) return value
  if ('ok' in value && value.ok === true && 'value' in value) return withoutCatches(value.value, errors, path)
  if ('ok' in value && 'errors' in value && Array.isArray(value.errors)) {
    for (const error of value.errors) errors.push({ ...error, path: [...path, ...(error.path ?? [])] })
    return null
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withoutCatches(inner, errors, [...path, name])]),
  )
}
