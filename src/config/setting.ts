import { z } from 'zod'
import type { ErrorCode } from '../errors/catalogue.ts'

export interface About {
  /** One plain sentence, for --help and the documents. */
  readonly sentence: string
  /** The flag of `serve` that goes before it. */
  readonly flag?: string
  /** Of a limit: what a request beyond it gets. */
  readonly beyond?: Beyond
}

/** The codes are those of the catalogue, so a limit cannot promise an error that there is not. */
type Beyond =
  | ErrorCode
  | `${number} ${ErrorCode}`
  | `${number} ${ErrorCode} with Retry-After`
  | 'connection closed'
  | 'waits'
  | `waits, then ${ErrorCode}`

export interface Setting<Schema extends z.ZodType = z.ZodType> extends About {
  readonly schema: Schema
  /** Which values it takes, as it is printed. */
  readonly values: string
  /** As it is printed; empty where there is none. */
  readonly byDefault: string
}

export type SettingGroup = Readonly<Record<string, Setting>>

type Shape<Group extends SettingGroup> = { readonly [Name in keyof Group]: Group[Name]['schema'] }

/** What a group is once its texts are read. */
export type ValuesOf<Group extends SettingGroup> = z.infer<z.ZodObject<Shape<Group>>>

/** Reads the settings of a group from their texts. */
export function schemaOf<Group extends SettingGroup>(group: Group): z.ZodObject<Shape<Group>> {
  const schemas = Object.entries(group).map(([name, { schema }]) => [name, schema])
  // Object.fromEntries forgets which name has which schema.
  return z.object(Object.fromEntries(schemas) as Shape<Group>)
}
