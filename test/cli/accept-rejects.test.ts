import { describe, expect, it } from 'vitest'
import { acceptances } from '../../src/cli/accept-rejects.ts'
import { printedName, quoted } from '../../src/cli/next-command.ts'
import { neededAcceptance, unaccepted } from '../../src/tools/copy/report/acceptance.ts'
import type { TableCounts } from '../../src/tools/copy/report/report.ts'

function counts(table: string, rejects: TableCounts['rejects']): TableCounts {
  return { table, rowsIn: 1000, added: 0, rowsOut: 0, rejects, renumbered: 0, filled: {}, converted: {} }
}

const rejected = [
  counts('pushtests', { orphan: 50, 'null-selector': 2 }),
  counts('sipcalls', { orphan: 3, 'null-selector': 4 }),
  counts('restart', { orphan: 4, 'too-long': 1 }),
]

describe('--accept-rejects', () => {
  it.each([
    ['orphan,too-long', []],
    ['orphan=7,too-long=1', []],
    ['orphan=57,too-long<=9', []],
    ['orphan<=100,too-long', []],
    ['restart:orphan=4,orphan=3,restart:too-long=1', []],
    ['pushtests:orphan<=50,orphan,too-long', []],
    ['orphan=8,too-long', [/^57 rows cannot be copied: orphan .*--accept-rejects says 8\.$/]],
    ['orphan<=6,too-long', [/says at most 6\.$/]],
    ['pushtests:orphan=49,orphan,too-long', [/^50 rows of pushtests .* says 49\.$/]],
    ['restart:orphan,too-long', [/^3 rows cannot be copied: orphan .*--accept-rejects orphan=3$/]],
    ['orphan', [/^1 rows cannot be copied: too-long .*--accept-rejects too-long=1$/]],
    ['orphan,too-long,null-name=1', [/^0 rows cannot be copied: null-name .* says 1\.$/]],
    ['', [/orphan .*orphan=7$/, /too-long/]],
  ])('%s', (value, expected) => {
    const problems = unaccepted(rejected, { mode: 'execute', accepted: acceptances([value]) })
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
  })

  it('is repeatable, and what the report asks for is enough', () => {
    expect(acceptances(['orphan', 'too-long=1'])).toEqual(acceptances(['orphan,too-long=1']))
    const needed = neededAcceptance(rejected)
    expect(needed).toBe('orphan=7,too-long=1')
    expect(unaccepted(rejected, { mode: 'execute', accepted: acceptances([needed ?? '']) })).toEqual([])
    expect(neededAcceptance([counts('pushtests', { orphan: 5 })])).toBeUndefined()
    const harmless = [counts('pushtests', { orphan: 5 }), counts('data', { 'null-selector': 1 })]
    expect(unaccepted(harmless, { mode: 'execute', accepted: [] })).toEqual([])
    // A comparison finds missing what the copy has accepted.
    expect(unaccepted(rejected, { mode: 'verify-only', accepted: [] })).toEqual([])
  })

  it.each([
    'orphans',
    'orphan>5',
    'orphan=',
    'orphan=-1',
    'tables:orphan',
    'orphan,orphan=5',
    'data:orphan,data:orphan<=1',
  ])('%s is refused', (value) => {
    expect(() => acceptances([value])).toThrow(/--accept-rejects/)
  })
})

describe('The command to run next', () => {
  it('quotes words for a shell, and has a variable instead of a name with a password', () => {
    expect(quoted('orphan<=100')).toBe("'orphan<=100'")
    expect(quoted("it's")).toBe(`'it'\\''s'`)
    expect(printedName('/etc/sipis/Settings.xml', 'NEW')).toBe('/etc/sipis/Settings.xml')
    expect(printedName('my settings.xml', 'NEW')).toBe("'my settings.xml'")
    expect(printedName('postgres://sipis@db:5432/sipis4', 'NEW')).toBe('postgres://sipis@db:5432/sipis4')
    for (const secret of [
      'postgres://u:canary@h/d',
      'postgres://h/d?password=canary',
      'postgres://h/d?p%61ssword=canary',
      'postgres://u:canary#@h/d',
      "host=h password='canary'",
    ])
      expect(printedName(secret, 'OLD')).toBe('"$OLD"')
  })
})
