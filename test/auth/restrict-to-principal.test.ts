import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Forbidden } from '../../src/auth/forbidden.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { restrictToPrincipal } from '../../src/auth/restrict-to-principal.ts'
import type { Database } from '../../src/database/database.ts'
import { windowOf } from '../../src/loaders/keyset.ts'
import type { Loaders } from '../../src/loaders/loaders.ts'
import { createLoaders } from '../../src/loaders/loaders.ts'
import { createUsage } from '../../src/loaders/usage.ts'
import { detect } from '../../src/sipis/detect.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { device, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

const [mine, theirs] = [selectorNamed(1), selectorNamed(2)]

describe('With loaders restricted to a principal', () => {
  let own: TestDatabase
  let database: Database
  let open: (principal: Principal) => Loaders

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    const opened = { version: 'V2', sql: own.sql } as const
    for (const number of [1, 2]) {
      await addSelector(opened, number)
      await addRow(opened, 'sipcalls', number, { rowid: number, callid: 'c', time: '2026-01-01' })
    }
    await addRow(opened, 'pushtests', 9, { rowid: 9, pushid: 'gone', platform: 'apns', started: '2026-01-01' })
    database = openReader(own.url)
    const detected = await detect(database)
    const projection = projectionOf(detected.version, { ...detected, timeZone: 'UTC' })
    open = (principal) =>
      restrictToPrincipal(
        createLoaders(database, projection, { usage: createUsage(1e6), readTokens: false }),
        principal,
      )
  })
  afterAll(async () => {
    await database.close()
    await own[Symbol.asyncDispose]()
  })

  const reached = async (principal: Principal) => {
    const { selectors, calls, orphanPushTests } = open(principal)
    return {
      selectors: [await selectors.byName(mine), await selectors.byName(theirs)].map((one) => one?.selector),
      calls: [
        await calls.byIdentity({ selector: mine, value: '1' }),
        await calls.byIdentity({ selector: theirs, value: '2' }),
      ].map((one) => (one === null ? null : one.callId)),
      orphan: (await orphanPushTests.load({ key: selectorNamed(9), pushId: 'gone' }))?.pushId ?? null,
    }
  }

  it('a device can read only its own rows', async () => {
    const found = { selectors: [mine, undefined], calls: ['c', null], orphan: null }
    expect(await reached(device('device', mine))).toEqual(found)
    expect(await reached(device('device', mine, 'sipis:tokens', 'sipis:settings', 'sipis:ops'))).toEqual(found)
  })

  it('a device has no other installations, and a reader has', async () => {
    const installations = async (principal: Principal) => {
      const loaders = open(principal)
      const own = await loaders.selectors.byName(mine)
      const { order } = loaders.projection.selectors
      const window = windowOf({ name: 'selectorsByLastSeen', columns: order, descending: true }, {})
      const query = { conditions: [], signature: '', window }
      if (own === null) return null
      const { rows } = await loaders.installations.pageOf(own, query)
      return [rows.map(({ selector }) => selector), await loaders.installations.countOf(own, query)]
    }
    expect(await installations(device('device', mine))).toEqual([[], 0])
    expect(await installations(tool('reader', 'sipis:read'))).toEqual([[theirs], 1])
  })

  it('a device gets null for an orphan, as for an unknown id', async () => {
    const key = { key: selectorNamed(9), pushId: 'gone' }
    expect(await open(device('device', mine)).orphanPushTests.load(key)).toBeNull()
    expect(await open(tool('reader', 'sipis:read')).orphanPushTests.load({ ...key, pushId: 'none' })).toBeNull()
  })

  it('a principal without sipis:own or without a selector can read nothing', async () => {
    const nothing = { selectors: [undefined, undefined], calls: [null, null], orphan: null }
    expect(await reached({ ...device('device', mine), scopes: [] })).toEqual(nothing)
    expect(await reached(tool('tool', 'sipis:own', 'sipis:ops'))).toEqual(nothing)
  })

  it('a reader can read everything', async () => {
    const everything = { selectors: [mine, theirs], calls: ['c', 'c'], orphan: 'gone' }
    expect(await reached(tool('reader', 'sipis:read'))).toEqual(everything)
    expect(await reached(device('device', mine, 'sipis:read'))).toEqual(everything)
  })

  it('only readers can use lists over all selectors, in addition to the field rules', async () => {
    const { projection, selectors, tokens, calls, messages, pushTests } = open(device('device', mine))
    const window = windowOf({ name: 'selectorsByName', columns: projection.selectors.order, descending: false }, {})
    const query = { conditions: [], signature: '', window }
    await expect(selectors.page({}, window)).rejects.toThrow(Forbidden)
    await expect(selectors.count({})).rejects.toThrow(Forbidden)
    for (const collection of [tokens, calls, messages, pushTests]) {
      await expect(collection.page(query)).rejects.toThrow(Forbidden)
      await expect(collection.count(query)).rejects.toThrow(Forbidden)
    }
    const readers = open(tool('reader', 'sipis:read'))
    expect(await readers.selectors.count({})).toBe(2)
    expect(await readers.calls.count(query)).toBe(2)
  })
})
