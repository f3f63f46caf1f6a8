import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addSelector, selectorNamed } from '../support/rows.ts'

describe.each(backends)('Settings on $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    for (const number of [1, 2]) await addSelector(opened, number)
    const link = opened.version === 'V1' ? 'id' : 'selector'
    // The newest entry is neither the first nor the last by storage order or by name.
    for (const [rowid, number, name, value] of [
      [5, 1, 'title', 'oldest'],
      [9, 1, 'title', 'newest'],
      [7, 1, 'title', 'a between'],
      [8, 1, 'host', 'one'],
      [6, 2, 'title', 'other'],
      [4, 2, 'host', 'two'],
      [3, 2, 'pin', 'never shown'],
    ] as const) {
      const owner = opened.version === 'V1' ? number : selectorNamed(number)
      await opened.sql(`INSERT INTO data (rowid, ${link}, name, value) VALUES ($1, $2, $3, $4)`, [
        rowid,
        owner,
        name,
        value,
      ])
    }
    client = await openClient(opened.database, { allowedSettings: ['title', 'host'] })
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const selector = (number: number) => `selector(name: "${selectorNamed(number)}")`

  it('return the newest entry of each name', async () => {
    const data = await client.ask(`{ ${selector(1)} { settings { name value } } }`)
    expect(data.selector.settings).toEqual([
      { name: 'host', value: 'one' },
      { name: 'title', value: 'newest' },
    ])
  })

  it('return to each field its requested names, independent of other fields', async () => {
    client.statements()
    const data = await client.ask(`{
      a: ${selector(1)} { title: settings(names: ["title"]) { name value } host: settings(names: ["host"]) { value } none: settings(names: []) { name } }
      b: ${selector(2)} { host: settings(names: ["host", "pin"]) { name value } all: settings { name } }
    }`)
    expect(data).toEqual({
      a: { title: [{ name: 'title', value: 'newest' }], host: [{ value: 'one' }], none: [] },
      b: { host: [{ name: 'host', value: 'two' }], all: [{ name: 'host' }, { name: 'title' }] },
    })
    expect(client.statements()).toHaveLength(2)
  })
})
