import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

describe.each(backends)('Headers and bodies of messages on $name', ({ open }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    await addSelector(opened, 1)
    await addSelector(opened, 2)
    for (const [number, body] of [
      [1, 'short'],
      [2, 'b'.repeat(3_000_000)],
      [3, 'c'.repeat(4_000_000)],
      [4, 'd'.repeat(4_000_000)],
    ] as const) {
      const time = `2026-11-0${number} 12:00:00.123456Z`
      await addRow(opened, 'siptextmessages', number < 3 ? 1 : 2, {
        rowid: number,
        body,
        headers: `<h${number}/>`,
        time,
      })
    }
    client = await openClient(opened.database)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const messagesOf = (number: number, fields: string) =>
    `{ selector(name: "${selectorNamed(number)}") { messages(orderBy: OLDEST_FIRST) { nodes { ${fields} } } } }`

  it('are read only if they are selected', async () => {
    client.statements()
    await client.ask(messagesOf(1, 'id time contentType'))
    for (const { text } of client.statements()) expect(text).not.toMatch(/(?<!octet_length\(.*)"(body|headers)"/)
  })

  it('use one statement each, for any number of messages', async () => {
    client.statements()
    const data = await client.ask('{ messages(orderBy: OLDEST_FIRST, first: 2) { nodes { headers body } } }')
    expect(
      data.messages.nodes.map(({ headers, body }: { headers: string; body: string }) => [headers, body.length]),
    ).toEqual([
      ['<h1/>', 5],
      ['<h2/>', 3_000_000],
    ])
    expect(client.statements()).toHaveLength(3)
  })

  it('are rejected before they are read if their total size exceeds the limit of a response', async () => {
    client.statements()
    const { errors } = await client.answer('{ messages(orderBy: OLDEST_FIRST) { nodes { id body } } }')
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('smaller pages'),
      extensions: { code: 'TOO_COSTLY' },
    })
    for (const { values } of client.statements()) expect(JSON.stringify(values)).not.toContain('"4"')
    // Each alone is within the limit.
    expect((await client.ask(messagesOf(2, 'time'))).selector.messages.nodes).toHaveLength(2)
  })

  it('are counted each time they are returned, including aliases', async () => {
    const { errors } = await client.answer(
      `{ messages(orderBy: OLDEST_FIRST, first: 2) { nodes { a: body b: body c: body d: body } } }`,
    )
    expect(errors?.[0]?.extensions.code).toBe('TOO_COSTLY')
  })
})
