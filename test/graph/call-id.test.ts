import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

describe.each(backends)('Calls by their Call-ID on $name', ({ open, version }) => {
  let opened: Opened
  let client: Client

  beforeAll(async () => {
    opened = await open()
    for (const n of [1, 2]) await addSelector(opened, n)
    const add = (rowid: number, n: number, callid: string, time: string) =>
      addRow(opened, 'sipcalls', n, { rowid, callid, time })
    await add(1, 1, 'a@x', '2026-11-01 12:00:00Z')
    await add(2, 2, 'a@x', '2026-11-02 11:59:59.999999Z')
    await add(3, 1, 'A@x', '2026-11-01 12:00:00Z')
    await add(4, 1, '%', '2026-11-01 12:00:00Z')
    await add(5, 1, 'a@x', 'infinity')
    await addRow(opened, 'sipcalls', 1, {
      rowid: 6,
      time: '2026-11-01 12:00:00Z',
      ...(version === 'V1' ? {} : { callid: '' }),
    })
    client = await openClient(opened.database)
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const query =
    'query ($filter: CallFilter) { calls(filter: $filter, orderBy: OLDEST_FIRST) { totalCount nodes { callId time } } }'
  const day = { since: '2026-11-01T12:00:00Z', until: '2026-11-02T12:00:00Z' }

  const wanted = async (callId: string, condition: string) =>
    Number(
      (
        await opened.sql(`SELECT count(*) FROM sipcalls WHERE coalesce(callid, '') = $1 AND ${condition}`, [callId])
      )[0]?.[0],
    )

  it('are those of plain SQL within a day, and exact', async () => {
    for (const callId of ['a@x', 'A@x', 'a@X', '%', '', ' a@x', 'none']) {
      const { calls } = await client.ask(query, { filter: { callId, ...day } })
      const count = await wanted(callId, `time >= '${day.since}' AND time < '${day.until}'`)
      expect([callId, calls.totalCount, calls.nodes.length]).toEqual([callId, count, count])
      for (const node of calls.nodes) expect(node.callId).toBe(callId || null)
    }
  })

  it('of one selector need no period', async () => {
    const { selector } = await client.ask(
      `{ selector(name: "${selectorNamed(1)}") { calls(filter: { callId: "a@x" }) { totalCount nodes { time } } } }`,
    )
    expect(selector.calls.totalCount).toBe(2)
    expect(selector.calls.nodes).toHaveLength(2)
  })

  it.each([
    [{}],
    [{ since: day.since }],
    [{ until: day.until }],
    [{ since: null, until: null }],
    [{ ...day, until: '2026-11-02T12:00:00.000001Z' }],
    [{ ...day, until: '2026-11-02T12:00:01Z' }],
    [{ ...day, until: '2026-11-02T11:00:00.000001-01:00' }],
    [{ ...day, until: '2026-11-03T11:00:00Z' }],
    [{ since: '0001-01-01T00:00:00Z', until: '9999-12-31T23:59:60Z' }],
  ])('of all selectors are refused with %j', async (period) => {
    const { data, errors } = await client.answer(query, { filter: { callId: 'a@x', ...period } })
    expect(data).toEqual({ calls: null })
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('24 hours'),
        path: ['calls'],
        extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'callId'] },
      },
    ])
  })

  it.each([
    [{ since: '2026-11-01T14:00:00+02:00', until: '2026-11-02T12:00:00Z' }, 2],
    [{ since: '2026-11-01T12:00:00Z', until: '2026-11-02T11:59:60Z' }, 2],
    [{ since: '2026-11-02T00:00:00Z', until: '2026-11-01T00:00:00Z' }, 0],
  ])('of all selectors are found in any zone with %j', async (period, count) => {
    const { calls } = await client.ask(query, { filter: { callId: 'a@x', ...period } })
    expect(calls.totalCount).toBe(count)
  })
})
