/** The forms of settings: how each is parsed, and how its values and default are printed. */
import { z } from 'zod'
import type { About } from './setting.ts'

/** A message takes the name of the setting from the path of the issue. */
const named = (describe: (name: string, text: string) => string) => ({
  error: ({ path = [], input }: { path?: PropertyKey[] | undefined; input?: unknown }) =>
    describe(path.join('.'), String(input)),
})

interface Bounds {
  readonly min: number
  readonly max: number
}

const digits = ({ min, max }: Bounds) =>
  z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max,
      named((name, text) => `${name} is "${text}"; it must be a whole number from ${min} to ${max}.`),
    )
    .transform(Number)

const range = ({ min, max }: Bounds) => `${min} to ${max}`

export const wholeNumber = ({ byDefault, ...about }: About & Bounds & { byDefault: number }) => ({
  ...about,
  schema: digits(about).default(byDefault),
  values: range(about),
  byDefault: String(byDefault),
})

/** A number whose default depends on other settings, or on the machine. */
export const computedNumber = (about: About & Bounds & { byDefault: string }) => ({
  ...about,
  schema: digits(about).optional(),
  values: range(about),
})

/** A limit for each caller. Without authentication there is one caller, so the limit is off by default. */
export const callerLimit = ({ byDefault, ...about }: About & Bounds & { byDefault: number }) => ({
  ...about,
  schema: digits(about).optional(),
  values: range(about),
  byDefault: `${byDefault}; none without authentication`,
  withAuthentication: byDefault,
})

export const toggle = ({ byDefault, ...about }: About & { byDefault: boolean }) => ({
  ...about,
  schema: z
    .enum(
      ['true', 'false'],
      named((name, text) => `${name} is "${text}"; it must be true or false.`),
    )
    .transform((text) => text === 'true')
    .default(byDefault),
  values: 'true or false',
  byDefault: String(byDefault),
})

export const choice = <const Choices extends readonly [string, ...string[]]>({
  choices,
  byDefault,
  ...about
}: About & { choices: Choices; byDefault: Choices[number] }) => ({
  ...about,
  schema: z
    .string()
    .refine(
      (text) => choices.includes(text),
      named((name, text) => `${name} is "${text}"; it must be one of ${choices.join(', ')}.`),
    )
    .default(byDefault),
  values: choices.join(', '),
  byDefault,
})

export const text = ({ byDefault, values, ...about }: About & { values: string; byDefault: string }) => ({
  ...about,
  schema: z.string().default(byDefault),
  values,
  byDefault,
})

export const optionalText = (about: About & { values: string; byDefault?: string }) => ({
  byDefault: '',
  ...about,
  schema: z.string().optional(),
})

/** A key of hashes, which must be hard to guess. */
export const secret = (about: About) => ({
  ...about,
  schema: z
    .string()
    .min(
      16,
      named((name) => `${name} must have at least 16 characters: openssl rand -hex 32 makes a good one.`),
    )
    .optional(),
  values: 'at least 16 characters',
  byDefault: '',
})

/** Keys of which the first is used, and the others are still accepted. */
export const secrets = (about: About) => ({
  ...about,
  schema: z
    .string()
    .transform((line) => line.split(',').map((item) => item.trim()))
    .refine(
      (items) => items.every((item) => item.length >= 16),
      named((name) => `Each key of ${name} must have at least 16 characters: openssl rand -hex 32 makes a good one.`),
    )
    .optional(),
  values: 'texts of at least 16 characters, between commas',
  byDefault: '',
})

/** Items between commas. `check` adds a problem for invalid ones. */
export const list = ({
  check,
  byDefault,
  ...about
}: About & {
  values: string
  byDefault: readonly string[]
  check: (items: string[], addProblem: (problem: string) => void) => void
}) => ({
  ...about,
  schema: z
    .string()
    .transform((line) =>
      line
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .superRefine((items, context) => check(items, (problem) => context.addIssue(problem)))
    .prefault(byDefault.join(',')),
  byDefault: byDefault.join(', '),
})
