import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient, unlimited } from '../support/client.ts'
import { times } from '../support/counts.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'

/** Strings that fit into varchar(64) of a UTF8 database, including the separators of ids and cursors. */
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      ' ',
      ':',
      '1:',
      ':1',
      '\n',
      'a\nb',
      '\r\n',
      '["a","b"]',
      '"',
      '\\',
      '\\000',
      '%',
      'orphan',
      'a\ufeff',
      '\u0001'.repeat(64),
    ),
    fc.constant('😀'.repeat(64)),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 64 }),
  )
  // The embedded database drops a leading byte order mark of a value.
  .map((value) => [...value.replaceAll(/^\ufeff+|\0/g, '').toWellFormed()].slice(0, 64).join(''))

const v2 = backends.filter(({ name }) => ['PostgreSQL, V2, UTF8', 'PGlite, V2'].includes(name))

describe.each(v2)('For any selector and push id, $name', ({ open }) => {
  let opened: Opened
  let client: Client
  let rowid = 0

  beforeAll(async () => {
    opened = await open()
    client = await openClient(opened.database, { limits: unlimited })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await opened[Symbol.asyncDispose]()
  })

  const addRows = async (selector: string, pushIds: readonly string[], isOrphan: boolean) => {
    const { sql } = opened
    if (!isOrphan) await sql('INSERT INTO selectors (selector) VALUES ($1)', [selector])
    await sql(`INSERT INTO tokens (selector, token, appid) VALUES ($1, 't', 'a')`, [selector])
    await sql(
      `INSERT INTO sipcalls (selector, scheme, userdisplayname, username, domain, domainport, callid, time, missedreason)
        VALUES ($1, '', '', '', '', 0, '', now(), '')`,
      [selector],
    )
    await sql(
      `INSERT INTO siptextmessages (selector, scheme, userdisplayname, username, domain, domainport, msgid, contenttype, headers, body, time)
        VALUES ($1, '', '', '', '', 0, '', '', '', '', now())`,
      [selector],
    )
    for (const pushId of pushIds) {
      await sql(`INSERT INTO pushtests (rowid, selector, pushid, platform, started) VALUES ($1, $2, $3, '', now())`, [
        ++rowid,
        selector,
        pushId,
      ])
    }
  }

  it('every id finds its row, and every cursor the rows after it', async () => {
    const rows = fc.uniqueArray(
      fc.record({ selector: text, pushIds: fc.uniqueArray(text, { maxLength: 3 }), isOrphan: fc.boolean() }),
      { minLength: 2, maxLength: 6, selector: ({ selector }) => selector },
    )
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        await opened.sql('TRUNCATE selectors, tokens, sipcalls, siptextmessages, pushtests')
        for (const { selector, pushIds, isOrphan } of all) await addRows(selector, pushIds, isOrphan)
        const { selectors, calls, messages, pushTests } = await client.ask(`{
          selectors(orderBy: NAME_ASC) { nodes { id name tokens { nodes { id } } } edges { cursor } }
          calls { nodes { id } } messages { nodes { id } } pushTests { nodes { id pushId owner: selector { name } } } }`)
        const tokens = selectors.nodes.flatMap((one: { tokens: { nodes: unknown[] } }) => one.tokens.nodes)
        const nodes = [selectors.nodes, tokens, calls.nodes, messages.nodes, pushTests.nodes].flat()
        const ids = nodes.map(({ id }) => id)
        const found = await client.ask(
          `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Selector { name } ... on PushTest { pushId owner: selector { name } } } }`,
          { ids },
        )
        expect(found.nodes).toEqual(nodes.map(({ tokens: _, ...node }) => node))
        for (const [index, { cursor }] of selectors.edges.entries()) {
          const { selectors: next } = await client.ask(
            'query ($at: String) { selectors(orderBy: NAME_ASC, after: $at) { nodes { id } } }',
            { at: cursor },
          )
          expect(next.nodes).toEqual(selectors.nodes.slice(index + 1).map(({ id }: { id: string }) => ({ id })))
        }
      }),
      { numRuns: times(300, 15) },
    )
  })
})
