import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

const padded = ` ${selectorNamed(2)}`

describe.each(backends)('Names on $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addSelector(opened, 1)
    await addSelector(opened, 2)
    await addSelector(opened, 3, { selector: padded })
    const cells = { username: 'alice', callid: 'c', time: '2026-11-22 06:24:17+00' }
    await addRow(opened, 'sipcalls', 1, { ...cells, domain: 'SIP.Example.com', rowid: 1 })
    await addRow(opened, 'sipcalls', 1, { ...cells, domain: 'sip.example.com', rowid: 2 })
    await addRow(opened, 'sipcalls', 1, { ...cells, domain: 'sip-example.com', rowid: 3 })
    await addRow(opened, 'siptextmessages', 1, {
      ...{ username: 'alice', msgid: 'm', contenttype: 'text/plain', headers: '', body: '', rowid: 1 },
      ...{ domain: 'INFO.example', time: cells.time },
    })
    client = await openClient(opened.database, {
      authenticate: authenticateAs([
        tool('reader', 'sipis:read'),
        device('device', selectorNamed(1)),
        device('new', selectorNamed(9)),
        device('misnamed', 'alice@example.com'),
      ]),
    })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  it('of domains are compared without case, all others exactly', async () => {
    const counted = async (list: string, filter: string) => {
      const data = await client.ask(`{ ${list}(filter: { ${filter} }) { totalCount } }`, {}, 'reader')
      return data[list].totalCount
    }
    expect(await counted('calls', 'caller: { domain: "sip.EXAMPLE.com" }')).toBe(2)
    expect(await counted('calls', 'caller: { domain: "SIP_example.com" }')).toBe(0)
    expect(await counted('calls', 'caller: { username: "Alice" }')).toBe(0)
    expect(await counted('calls', 'caller: { domain: "SIP.EXAMPLE.COM", username: "alice" }')).toBe(2)
    expect(await counted('messages', 'sender: { domain: "info.EXAMPLE" }')).toBe(1)
  })

  it('of selectors may have blanks around them, unless a selector has just these blanks', async () => {
    const find = async (name: string, credential: string) => {
      const data = await client.ask('query ($s: String!) { selector(name: $s) { name } }', { s: name }, credential)
      return data.selector?.name ?? null
    }
    for (const name of [selectorNamed(1), ` ${selectorNamed(1)}\n`, `\t${selectorNamed(1)}`])
      for (const credential of ['reader', 'device']) expect(await find(name, credential)).toBe(selectorNamed(1))
    expect(await find(padded, 'reader')).toBe(padded)
    expect(await find(`${padded} `, 'reader')).toBe(selectorNamed(2))
    expect(await find(padded, 'device')).toBeNull()
    expect(await find(selectorNamed(1).toLowerCase(), 'reader')).toBeNull()
  })

  it('of a device lead to its selector, to null if SIPIS does not have it yet, or to an error that says why', async () => {
    const viewer = (credential: string) => client.answer('{ viewer { name selector { id } } }', {}, credential)
    expect((await viewer('device')).data.viewer.selector).not.toBeNull()
    expect(await viewer('new')).toEqual({ data: { viewer: { name: 'new', selector: null } } })
    for (const [credential, message] of [
      ['reader', 'Viewer.selector requires the scope sipis:own.'],
      ['misnamed', /^The sub of the token is not a selector/],
    ] as const) {
      expect(await viewer(credential)).toMatchObject({
        data: { viewer: { name: credential, selector: null } },
        errors: [
          { message: expect.stringMatching(message), path: ['viewer', 'selector'], extensions: { code: 'FORBIDDEN' } },
        ],
      })
    }
  })
})
