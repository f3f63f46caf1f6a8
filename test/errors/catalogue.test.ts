import { globSync, readFileSync } from 'node:fs'
import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/errors/catalogue.ts'
import { errorCatalogue } from '../../src/errors/catalogue.ts'
import { codedError } from '../../src/errors/coded-error.ts'
import { maskErrors } from '../../src/execution/mask-errors.ts'
import { Refusal } from '../../src/http/refusal.ts'

const codes = Object.keys(errorCatalogue) as ErrorCode[]
const textOf = (files: readonly string[]) => files.map((file) => readFileSync(file, 'utf8')).join('\n')

describe('The error catalogue', () => {
  it('contains the only codes that compile', () => {
    // @ts-expect-error No such code.
    codedError('TOO_LARGE', 'x')
    // @ts-expect-error The code is already set.
    codedError('TOO_COSTLY', 'x', { code: 'TOO_LARGE' })
    // @ts-expect-error No such code.
    new Refusal(400, 'TOO_LARGE', 'x')
    // @ts-expect-error This code has no such status.
    new Refusal(400, 'TOO_COSTLY', 'x')
    // @ts-expect-error Only an executed operation can time out.
    new Refusal(504, 'TIMEOUT', 'x')
    expect(codedError('TOO_COSTLY', 'x', { setting: 'LIMIT_DEPTH' }).toJSON()).toEqual({
      message: 'x',
      extensions: { code: 'TOO_COSTLY', setting: 'LIMIT_DEPTH' },
    })
  })

  it('contains the only extensions that compile', () => {
    // @ts-expect-error No such extension.
    codedError('TOO_COSTLY', 'x', { maximum: 1 })
    // @ts-expect-error No such extension.
    new Refusal(413, 'TOO_COSTLY', 'x', { maximum: 1 })
  })

  it('covers every error, because all are created in one place', () => {
    const makers = globSync('src/**/*.ts').filter((file) => /new GraphQLError\(/.test(readFileSync(file, 'utf8')))
    // The placeholder in usage.ts only marks omitted errors.
    expect(makers.sort()).toEqual(['src/errors/coded-error.ts', 'src/loaders/usage.ts'])
  })

  it('contains no unused code', () => {
    const sources = textOf(
      globSync('src/**/*.ts').filter(
        (file) => file !== 'src/errors/catalogue.ts' && !file.startsWith('src/config/settings/'),
      ),
    )
    for (const code of codes) expect([code, sources.includes(`'${code}'`)]).toEqual([code, true])
  })

  it('contains no unused status', () => {
    const sources = textOf(globSync('src/http/**/*.ts'))
    for (const code of codes) {
      const unused = errorCatalogue[code].statuses.filter(
        (status) => !new RegExp(`\\(\\s*${status},\\s*'${code}'`).test(sources),
      )
      expect([code, unused]).toEqual([code, []])
    }
  })

  it('contains the codes that resolvers create (ownCodes of mask-errors.ts)', () => {
    const fields = textOf(globSync('src/{graph,loaders,auth}/**/*.ts'))
    const made = codes.filter((code) => new RegExp(`codedError\\(\\s*'${code}'`).test(fields))
    expect(made).toContain('FORBIDDEN')
    for (const code of made) {
      const located = new GraphQLError('x', { path: ['field'], originalError: codedError(code, 'x') })
      const [shown] = maskErrors([located], () => undefined)
      expect(shown?.extensions).toMatchObject({ code })
    }
  })

  it.each(Object.entries(errorCatalogue))('blames the server exactly for statuses of 5xx: %s', (_, entry) => {
    for (const status of entry.statuses) expect(status >= 500).toBe(entry.fault === 'server')
  })
})
