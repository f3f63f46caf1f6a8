import { describe, expect, it } from 'vitest'
import { random } from '../../../src/tools/demo/random.ts'
import { copied, runCopy } from '../../support/copying.ts'
import { times } from '../../support/counts.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, untilTestEnds } from '../../support/database.ts'
import { addDataSet } from '../../support/rows.ts'

const corruptions = times(200, 9)

describe('A single corruption of the target', () => {
  it(`is found by --verify-only, ${corruptions} times of ${corruptions}`, async () => {
    const source = untilTestEnds(await cloneDatabase('V1'))
    const target = untilTestEnds(await cloneDatabase('V2'))
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 20, calls: 5 })
    await source.sql(`INSERT INTO data (id, name, value, longvalue) SELECT id, 'n' || id, 'v', 'long' FROM selectors`)
    await source.sql(`INSERT INTO restart (id, name, value) SELECT id, 'n' || id, 'v' FROM selectors`)
    await runCopy(source, target, { mode: 'execute' })
    // Only contents are compared, so the target's own keys must not forbid a corruption.
    const columns =
      await target.sql(`SELECT c.relname, a.attname, a.atttypid::regtype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relname NOT IN ('badge', 'tableversions') ORDER BY 1, 2`)
    const choose = random(2026)
    const missed: string[] = []
    for (let n = 0; n < corruptions; n++) {
      const [table = '', column = '', type = ''] = choose.pick(columns)
      const corruption = corrupt(n % 3, String(table), String(column), String(type), choose.below(15))
      await target.sql('BEGIN')
      await target.sql(corruption)
      await target.sql('COMMIT')
      const { problems } = await runCopy(source, target, { mode: 'verify-only' })
      if (problems.length === 0) missed.push(corruption)
      await restore(source, target)
    }
    expect(missed).toEqual([])
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([])
  }, 1_800_000)
})

const swapped: Readonly<Record<string, string>> = {
  selectors: 'lastseen',
  tokens: 'token',
  sipcalls: 'time',
  siptextmessages: 'time',
  pushtests: 'pushid',
  data: 'name',
  restart: 'name',
}

/** One byte of one value, one row missing, or the values of two rows swapped. */
function corrupt(kind: number, table: string, column: string, type: string, offset: number): string {
  const key = table === 'selectors' ? 'id' : 'rowid'
  const row = `(SELECT ${key} FROM ${table} ORDER BY ${key} OFFSET ${offset} LIMIT 1)`
  if (kind === 0) return `UPDATE ${table} SET ${column} = ${changed(column, type)} WHERE ${key} = ${row}`
  if (kind === 1) return `DELETE FROM ${table} WHERE ${key} = ${row}`
  const value = swapped[table]
  return `WITH ends AS (SELECT min(${key}) AS a, max(${key}) AS b FROM ${table}), held AS (SELECT ${key} AS k, ${value} AS v FROM ${table})
    UPDATE ${table} t SET ${value} = h.v FROM ends, held h WHERE (t.${key} = ends.a AND h.k = ends.b) OR (t.${key} = ends.b AND h.k = ends.a)`
}

function changed(column: string, type: string): string {
  if (type.startsWith('timestamp')) return `coalesce(${column}, '2026-01-01') + interval '1 microsecond'`
  if (type === 'bigint' || type === 'integer') return `${column} + 1000000`
  return `CASE WHEN coalesce(${column}, '') = '' THEN 'x' ELSE overlay(${column} PLACING CASE left(${column}, 1) WHEN 'x' THEN 'y' ELSE 'x' END FROM 1 FOR 1) END`
}

async function restore(source: TestDatabase, target: TestDatabase): Promise<void> {
  await target.sql(`TRUNCATE ${copied.join(', ')}`)
  await runCopy(source, target, { mode: 'execute' })
}
