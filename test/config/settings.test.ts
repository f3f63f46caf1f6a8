import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { serveConfig } from '../../src/config/serve-config.ts'
import type { Setting } from '../../src/config/setting.ts'
import { settingGroups, settingNames, settingsSchema } from '../../src/config/settings.ts'
import { errorCatalogue } from '../../src/errors/catalogue.ts'

/** The files, concatenated. */
const textOf = (files: readonly string[]) => files.map((file) => readFileSync(file, 'utf8')).join('\n')
const sources = globSync('src/**/*.ts')
const declared = settingGroups.flatMap(({ settings }): [string, Setting][] => Object.entries(settings))

describe('The declared settings', () => {
  it('are exactly those that are read, each in one group', () => {
    expect(declared.map(([name]) => name)).toEqual(settingNames)
    expect(settingNames.length).toBeGreaterThan(40)
  })

  it('are all read by the configuration', () => {
    const config = textOf(sources.filter((file) => /^src\/config\/[^/]+$/.test(file)))
    const isRead = (name: string) =>
      new RegExp(`given\\.${name}\\b|\\{[^{}'\`]*\\b${name}\\b[^{}'\`]*\\}( = |: Given|: Settings)`).test(config)
    expect(settingNames.filter((name) => !isRead(name))).toEqual([])
  })

  it('become properties that the gateway uses', () => {
    const { limits, databaseLimits, rates, audit, ...config } = serveConfig({}, { SIPIS_TIME_ZONE: 'UTC' })
    const names = [limits, databaseLimits, rates, audit, config].flatMap((part) => Object.keys(part))
    const gateway = textOf(sources.filter((file) => !file.startsWith('src/config/')))
    // Read as a property or by destructuring.
    const isRead = (name: string) => new RegExp(`\\.${name}\\b|[{,]\\s+${name}\\b`).test(gateway)
    expect(names.length).toBeGreaterThan(30)
    expect(names.filter((name) => !isRead(name))).toEqual([])
  })

  it('have the flags that serve accepts', () => {
    const commands = textOf(['src/cli/main.ts'])
    const flags = declared.flatMap(([, { flag }]) => flag ?? [])
    expect(flags.filter((flag) => !commands.includes(`'${flag} <`))).toEqual([])
  })

  it.each(declared)('are described by a sentence: %s', (_, { sentence, values }) => {
    expect(sentence).toMatch(/^[A-Z].+\.$/)
    expect(values).not.toBe('')
  })

  it.each(declared.filter(([, { values }]) => / to \d/.test(values)))(
    'enforce their limits: %s',
    (name, { values }) => {
      const [min = 0, max = 0] = values.split(' to ').map(Number)
      const problems = (value: number) =>
        settingsSchema.safeParse({ [name]: String(value) }).error?.issues.map(({ message }) => message) ?? []
      expect([problems(min), problems(max)]).toEqual([[], []])
      for (const beyond of [min - 1, max + 1]) {
        expect(problems(beyond)).toEqual([`${name} is "${beyond}"; it must be a whole number from ${min} to ${max}.`])
      }
    },
  )

  it.each(declared.filter(([, { byDefault }]) => /^\d+$/.test(byDefault)))(
    'have the documented default: %s',
    (name, { byDefault }) => {
      expect(settingsSchema.parse({})).toHaveProperty(name, Number(byDefault))
    },
  )

  it('have statuses and codes that exist', () => {
    for (const [name, { beyond = '' }] of declared) {
      const [, status, code] = /^(\d+) ([A-Z_]+)/.exec(beyond) ?? []
      if (code === undefined) continue
      const statuses: Readonly<Record<string, readonly number[]>> = Object.fromEntries(
        Object.entries(errorCatalogue).map(([known, entry]) => [known, entry.statuses]),
      )
      expect([name, statuses[code]]).toEqual([name, expect.arrayContaining([Number(status)])])
    }
  })
})
