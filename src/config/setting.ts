import { z } from 'zod'
import type { ErrorCode } from '../errors/catalogue.ts'

export interface About {
  /** One plain sentence, for --help and the documents. */
  readonly sentence: string
  /** The flag of `serve` that overrides it. */
  readonly flag?: string
  /** For a limit: the error, or what happens, when it is exceeded. */
  readonly beyond?: Beyond
}

/** Codes come from the catalogue, so a limit cannot name an error that does not exist. */
type Beyond =
  | ErrorCode
  | `${number} ${ErrorCode}`
  | `${number} ${ErrorCode} with Retry-After`
  | `${ErrorCode} with a span that would pass`
  | 'connection closed'
  | 'waits'
  | `waits, then ${ErrorCode}`

export interface Setting<Schema extends z.ZodType = z.ZodType> extends About {
  readonly schema: Schema
  /** Accepted values, as printed. */
  readonly values: string
  /** Default, as printed; empty if there is none. */
  readonly byDefault: string
}

export type SettingGroup = Readonly<Record<string, Setting>>

type Shape<Group extends SettingGroup> = { readonly [Name in keyof Group]: Group[Name]['schema'] }

/** Parsed values of a group. */
export type ValuesOf<Group extends SettingGroup> = z.infer<z.ZodObject<Shape<Group>>>

/** Schema that parses the settings of a group from their texts. */
export function schemaOf<Group extends SettingGroup>(group: Group): z.ZodObject<Shape<Group>> {
  const schemas = Object.entries(group).map(([name, { schema }]) => [name, schema])
  // Object.fromEntries loses the type of each entry.
  return z.object(Object.fromEntries(schemas) as Shape<Group>)
}
