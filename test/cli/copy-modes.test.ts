import { expect, it } from 'vitest'
import { run } from '../support/command.ts'
import { rowCounts } from '../support/copying.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

it('--rehearse commits nothing, --execute holds writers of the source, and --no-freeze does not', async () => {
  const source = untilTestEnds(await cloneDatabase('V1'))
  await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 5 })
  const target = untilTestEnds(await cloneDatabase('V2'))
  const copy = (...flags: string[]) => run(['copy', target.url, source.url, '--lock-timeout', '1', ...flags])
  // A writer that does not end.
  await source.sql(`BEGIN; DELETE FROM tokens WHERE rowid < 0`)
  const rehearsed = await copy('--rehearse')
  expect(rehearsed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Ready to copy 203 rows\. It takes .*Rehearsal/),
  })
  expect(await rowCounts(target)).toMatchObject({ selectors: 0 })
  const held = await copy('--execute')
  expect(held.stderr).toMatch(/preparing the databases.*the source \(OLD\).*55P03.*stop SIPIS.*Nothing was written/)
  const free = await copy('--execute', '--no-freeze')
  expect(free).toMatchObject({ code: 0, stderr: expect.stringContaining('every row is accounted for') })
  expect(await rowCounts(target)).toEqual(await rowCounts(source))
  await source.sql('ROLLBACK')
  const both = await copy('--execute', '--rehearse')
  expect(both).toMatchObject({ code: 1, stderr: expect.stringMatching(/--execute and --rehearse exclude each other/) })
})
