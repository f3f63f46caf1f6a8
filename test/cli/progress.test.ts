import { execFile } from 'node:child_process'
import { Writable } from 'node:stream'
import { promisify, stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { commandLine } from '../support/command.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

/** What a command draws on a terminal of this width, one text for each time that it returns to the start of the line. */
async function drawn(columns: number, args: readonly string[]): Promise<string[]> {
  const command = `stty cols ${columns} rows 24; exec "${process.execPath}" ${commandLine} ${args.join(' ')}`
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'])
  const toStart = '\u001b[1G'
  return stdout
    .replaceAll(toStart, '\n')
    .replaceAll('\u001b8', '')
    .split(/[\r\n]/)
    .map(stripVTControlCharacters)
}

describe('The progress of a copy', () => {
  it('is dropped while its output takes nothing, but for the end', () => {
    // The callback is never called.
    const output = new Writable({ write: () => undefined }) as unknown as NodeJS.WriteStream
    const progress = createProgress(output)
    progress.start('first', 10_000)
    for (let n = 1; n < 10_000; n++) {
      progress.update(n, '')
      progress.relabel(`table ${n}`)
    }
    const waiting = output.writableLength
    expect([waiting > 10_000, waiting < 20_000]).toEqual([true, true])
    progress.stop()
    expect(output.writableLength).toBeGreaterThan(waiting)
  })

  it('has the share and the time left of all three phases, and fits into 40 columns', async () => {
    const source = untilTestEnds(await cloneDatabase('V1'))
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 20 })
    // The rate in a line has as many digits as the machine is fast: the wider terminal has room for any.
    for (const columns of [40, 160]) {
      const target = untilTestEnds(await cloneDatabase('V2'))
      const lines = await drawn(columns, ['copy', target.url, source.url, '--execute'])
      for (const phase of ['Analysing', 'Copying', 'Comparing']) {
        const bars = lines.filter((line) => line.startsWith(phase) && line.includes('%'))
        expect([columns, phase, bars.at(0)]).toEqual([columns, phase, expect.stringMatching(/selectors\b.* 0% .*\?/)])
        expect([columns, phase, bars.at(-1)]).toEqual([columns, phase, expect.stringMatching(/restart\b.* 100% .*0s/)])
        expect(bars.filter((line) => line.length >= columns)).toEqual([])
        const isDrawn = (line: string) => line.includes('█') || line.includes('░')
        expect(bars.filter((line) => isDrawn(line) !== (columns === 160))).toEqual([])
      }
    }
  })
})
