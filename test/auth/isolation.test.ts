import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import { times } from '../support/counts.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import type { Issuer } from '../support/issuer.ts'
import { openIssuer } from '../support/issuer.ts'
import { selectorNamed } from '../support/rows.ts'

const pairs = times(1_000, 60)

describe.each(schemaVersions)(`${pairs} pairs of devices in parallel (%s)`, (version) => {
  let own: TestDatabase
  let client: Client
  let issuer: Issuer

  beforeAll(async () => {
    own = await cloneDatabase(version)
    issuer = await openIssuer()
    const count = pairs * 2
    const [link, value] = version === 'V1' ? ['id', 'n'] : ['selector', 's.selector']
    const more = version === 'V1' ? '' : ', missedreason'
    await own.sql(`INSERT INTO selectors (id, selector)
      SELECT n, '12869E0E6E553673C54F29105A0647204C416A2A:' || upper(lpad(to_hex(n), 8, '0')) FROM generate_series(1, ${count}) n`)
    await own.sql(`INSERT INTO sipcalls (${link}, scheme, userdisplayname, username, domain, domainport, callid, time${more})
      SELECT ${value}, 'sip', '', 'of-' || s.id, 'd', 0, 'c', now()${version === 'V1' ? '' : ", 'Missed'"}
      FROM selectors s, generate_series(1, 3) k${version === 'V1' ? ' , LATERAL (SELECT s.id AS n) x' : ''}`)
    client = await openClient(openReader(own.url), {
      authenticate: issuer.authenticate,
      limits: { connections: 10_000, concurrent: 16, queue: 10_000, queueMs: 60_000 },
    })
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
    await own[Symbol.asyncDispose]()
  })

  it('never see each other’s rows, although each requests those of the other at the same time as its own', async () => {
    const ask = async (mine: number, theirs: number) => {
      const token = await issuer.tokenOf(selectorNamed(mine), 'sipis:own')
      const calls = 'calls { nodes { caller { username } selector { name } } }'
      return client.ask(
        `query ($mine: String!, $theirs: String!) { viewer { selector { ${calls} } }
          mine: selector(name: $mine) { ${calls} } theirs: selector(name: $theirs) { ${calls} } }`,
        { mine: selectorNamed(mine), theirs: selectorNamed(theirs) },
        token,
      )
    }
    const asked = Array.from({ length: pairs }, (_, n) => [ask(2 * n + 1, 2 * n + 2), ask(2 * n + 2, 2 * n + 1)]).flat()
    for (const [index, answer] of (await Promise.all(asked)).entries()) {
      const row = { caller: { username: `of-${index + 1}` }, selector: { name: selectorNamed(index + 1) } }
      const calls = { calls: { nodes: [row, row, row] } }
      expect(answer).toEqual({ viewer: { selector: calls }, mine: calls, theirs: null })
    }
  })

  it('never see a selector that differs from their own only in case', async () => {
    const selector = selectorNamed(1)
    const id = (text: string) => Buffer.from(text).toString('base64url')
    for (const sub of [selector.toLowerCase(), `${selector.slice(0, 40).toLowerCase()}${selector.slice(40)}`]) {
      const token = await issuer.tokenOf(sub, 'sipis:own')
      const answer = await client.ask(
        `query ($selector: String!, $ids: [ID!]!) {
          viewer { selector { id } } selector(name: $selector) { id } nodes(ids: $ids) { id } }`,
        { selector, ids: [id(`Selector:${selector}`), id(`Call:1:${selector}`)] },
        token,
      )
      expect(answer).toEqual({ viewer: { selector: null }, selector: null, nodes: [null, null] })
    }
  })
})
