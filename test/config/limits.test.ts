import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { defaultLimits, defaultScans } from '../../src/config/limits.ts'
import { serveConfig } from '../../src/config/serve-config.ts'
import type { Setting } from '../../src/config/setting.ts'
import { operationLimitSettings, requestLimitSettings } from '../../src/config/settings/limits.ts'

describe('The limits', () => {
  it('have the defaults of a gateway with authentication', () => {
    expect(serveConfig({}, { API_KEYS_FILE: 'keys' }).limits).toEqual(defaultLimits)
  })

  it('for each caller are off without authentication, unless they are set', () => {
    const { concurrentPerCaller, scansPerCaller, unsentBytesPerCaller, streamsPerCaller, ...others } = serveConfig(
      {},
      {},
    ).limits
    expect([concurrentPerCaller, scansPerCaller, unsentBytesPerCaller, streamsPerCaller]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
    expect(defaultLimits).toMatchObject(others)
    const set = {
      LIMIT_CONCURRENT_PER_CALLER: '3',
      LIMIT_SCANS_PER_CALLER: '2',
      LIMIT_UNSENT_BYTES_PER_CALLER: '100000',
      LIMIT_STREAMS_PER_CALLER: '4',
    }
    expect(serveConfig({}, set).limits).toMatchObject({
      concurrentPerCaller: 3,
      scansPerCaller: 2,
      unsentBytesPerCaller: 100_000,
      streamsPerCaller: 4,
    })
  })

  it('have the sentences of their settings as doc comments', () => {
    const source = readFileSync('src/config/limits-interface.ts', 'utf8')
    const comments = [...source.matchAll(/^ {2}\/\*\* (.+)\. \*\/\n {2}readonly (\w+)/gm)]
    expect(comments.map(([, , name]) => name).sort()).toEqual(Object.keys(defaultLimits).sort())
    const settings = new Map<string, Setting>(Object.entries({ ...requestLimitSettings, ...operationLimitSettings }))
    for (const [, comment = '', name = ''] of comments) {
      const setting = settings.get(`LIMIT_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`)
      expect([name, setting?.sentence.split(/[.;]/)[0]]).toEqual([name, comment.split(';')[0]])
    }
  })

  it('of scans default to half of the pool, and at least one', () => {
    expect(defaultLimits.scans).toBeGreaterThanOrEqual(1)
    expect(defaultLimits.scans).toBeLessThanOrEqual(5)
    expect(defaultLimits.scansPerCaller).toBe(Math.ceil(defaultLimits.scans / 2))
    expect(defaultScans(1)).toBe(1)
    expect(defaultScans(2)).toBe(1)
  })
})
