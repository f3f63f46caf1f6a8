import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Database, Value } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import type { Sight } from '../../src/loaders/changes.ts'
import { prepareChanges } from '../../src/loaders/changes.ts'
import { detect } from '../../src/sipis/detect.ts'
import type { SelectorRow } from '../../src/sipis/projection.ts'
import { schemaVersions } from '../../src/sipis/schema-version.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

describe.each(schemaVersions)('What is new in %s', (version) => {
  it('has what was committed since the first statement of its batch, which is one transaction with it', async () => {
    const own = untilTestEnds(await cloneDatabase(version))
    const target = { version, sql: own.sql }
    await addSelector(target, 1)
    await addSelector(target, 2)
    const reader = openReader(own.url)
    onTestFinished(() => reader.close())
    const projection = projectionOf(version, { ...(await detect(reader)), timeZone: 'UTC' })
    const client = new pg.Client({ connectionString: own.url, types: { getTypeParser: () => (text: string) => text } })
    await client.connect()
    onTestFinished(() => client.end())
    const database: Database = {
      async query(statement) {
        const { text, values } = render(statement)
        return (await client.query<Value[]>({ text, values: [...values], rowMode: 'array' })).rows
      },
      close: async () => undefined,
    }
    const prepared = prepareChanges(projection)
    const owner = (number: number): SelectorRow => ({
      key: version === 'V1' ? `${number}` : selectorNamed(number),
      id: `${number}`,
      selector: selectorNamed(number),
      exact: selectorNamed(number),
      lastSeen: '',
    })
    const row = (rowid: number) => addRow(target, 'sipcalls', 1, { rowid, time: '2026-01-01', callid: `${rowid}` })

    await addRow(target, 'sipcalls', 2, { rowid: 9, time: '2026-01-01', callid: 'old' })
    await own.sql('CHECKPOINT')

    await client.query('BEGIN READ ONLY')
    await prepared(database).ofSelector(owner(2), null)
    await row(1)
    await row(2)
    // Not the lowest transaction of the snapshot, because transactions of other tests hold that back.
    const [[ofFirstRow] = []] = await own.sql('SELECT xmin::text FROM sipcalls WHERE rowid = 1')
    const first = BigInt(ofFirstRow ?? 0)
    const look = async (mark: bigint | null) => {
      const changes = prepared(database)
      const [one, two] = await Promise.all([changes.ofSelector(owner(1), mark), changes.ofSelector(owner(2), mark)])
      if (mark !== null) expect(two.versions).toEqual([])
      const [ofOne, ofAll] = [await prepared(database).ofSelector(owner(1), mark), await changes.ofAll(['CALL'], mark)]
      return [one, ofOne, ofAll]
    }
    const found = async (mark: bigint | null) =>
      (await look(mark)).map(({ versions }) => versions.map(({ key }) => key))
    const all = ['1', '2']
    expect(await found(first)).toEqual([all, all, all])
    expect(await found(first + 1n)).toEqual([['2'], ['2'], ['2']])
    // Null stands for the lowest mark that is safe, which a checkpoint of another test may have moved.
    const [[, { versions }]] = [(await look(first)) as [Sight, Sight, Sight]]
    for (const sight of await look(null)) {
      const isOf = ({ key }: { key: string }) => all.includes(key)
      const expected = versions.filter(({ xid }) => xid >= sight.xmin || xid >= sight.checkpointXid)
      expect(sight.versions.filter(isOf).map(({ key }) => key)).toEqual(expected.map(({ key }) => key))
    }
  })
})
