import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { printedDocuments, withPrintedParts } from '../scripts/printed.ts'

describe('Generated sections of the documentation', () => {
  it.each(printedDocuments)('are up to date in %s (npm run docs writes them)', (file) => {
    const document = readFileSync(file, 'utf8')
    expect(document).toContain('<!-- printed: ')
    expect(document).toBe(withPrintedParts(document))
  })

  it('have names that scripts/printed.ts knows', () => {
    const document = '<!-- printed: nothing -->\n<!-- end -->'
    expect(() => withPrintedParts(document)).toThrow('scripts/printed.ts has the parts')
  })
})
