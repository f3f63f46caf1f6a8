import { describe, expect, it } from 'vitest'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends, cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { asRole } from '../support/roles.ts'
import { addSelector, selectorNamed } from '../support/rows.ts'

async function addServers({ version, sql }: Pick<Opened, 'version' | 'sql'>): Promise<void> {
  for (const n of [1, 2, 3, 4]) await addSelector({ version, sql }, n)
  const secret = `'password', 'secret'`
  await sql(
    version === 'V1'
      ? `INSERT INTO restart (rowid, id, name, value, server) VALUES (1, 1, ${secret}, 'Old'), (5, 1, 'a', '', 'Sipis1'), (3, 1, 'b', '', 'Older'),
          (6, 1, 'server', 'Value', NULL), (7, 2, ${secret}, NULL), (8, 3, 'x', '', 'Sipis 2'), (9, 4, 'x', '', '')`
      : `INSERT INTO restart (rowid, selector, name, seq, value, longvalue) VALUES (1, '${selectorNamed(1)}', 'server', 0, 'Old', NULL),
          (5, '${selectorNamed(1)}', 'server', 1, 'Sipis1', NULL), (3, '${selectorNamed(1)}', 'server', 2, 'Older', NULL),
          (7, '${selectorNamed(2)}', ${secret.replace(',', ', 0,')}, NULL), (8, '${selectorNamed(3)}', 'server', 0, 'Sipis 2', 'secret'),
          (9, '${selectorNamed(4)}', 'server', 0, NULL, 'secret')`,
  )
}

const serversOf = async (client: Client) => {
  const asked = [1, 2, 3, 4].map((n) => `s${n}: selector(name: "${selectorNamed(n)}") { server }`)
  return Object.values<{ server: string | null }>(await client.ask(`{ ${asked.join(' ')} }`)).map(
    ({ server }) => server,
  )
}
const expected = ['Sipis1', null, 'Sipis 2', null]

describe.each(backends)('The server of a selector on $name', ({ open }) => {
  it('is that of the newest entry that has one, in one statement for several selectors', async () => {
    await using opened = await open()
    await addServers(opened)
    await using client = await openClient(opened.database)
    client.statements()
    expect(await serversOf(client)).toEqual(expected)
    expect(client.statements()).toHaveLength(2)
    const { selector } = await client.ask(`{ selector(name: "${selectorNamed(1)}") { server } }`)
    expect(selector).toEqual({ server: 'Sipis1' })
    const texts = client.statements().map(({ text }) => text)
    expect(texts.join()).not.toMatch(/longvalue/)
  })

  it('is null where the table or a column of it is missing', async () => {
    await using opened = await open()
    await addServers(opened)
    await opened.sql('ALTER TABLE restart RENAME COLUMN rowid TO other')
    await using client = await openClient(opened.database)
    expect(await serversOf(client)).toEqual([null, null, null, null])
    await opened.sql('DROP TABLE restart')
    await using later = await openClient(opened.database)
    expect(await serversOf(later)).toEqual([null, null, null, null])
  })
})

describe.each(['V1', 'V2'] as const)('The server of a selector on %s', (version) => {
  const columns = version === 'V1' ? 'id, rowid, server' : 'selector, rowid, name, value'

  it.each([
    ['that may not read restart is null', [], false],
    ['that may read some of its columns is null', [`SELECT (${columns.replace('rowid, ', '')}) ON restart`], false],
    ['that may read these columns alone is given', [`SELECT (${columns}) ON restart`], true],
    ['that may read all of it is given', ['SELECT ON restart'], true],
  ] as const)('for a role %s', async (_, grants, isGiven) => {
    const own = untilTestEnds(await cloneDatabase(version))
    await addServers({ version, sql: own.sql })
    const role = await asRole(own)
    for (const grant of ['SELECT ON selectors, tokens, sipcalls, siptextmessages, pushtests', ...grants])
      await own.sql(`GRANT ${grant} TO ${role.name}`)
    const database = openReader(role.url)
    const client = await openClient(database)
    const servers = await serversOf(client)
    await client[Symbol.asyncDispose]()
    await database.close()
    expect(servers).toEqual(isGiven ? expected : [null, null, null, null])
  })
})
