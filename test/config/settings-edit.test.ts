import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { keywordValues } from '../../src/config/connection/keyword-values.ts'
import { editSettings, writeSettings } from '../../src/config/settings-edit.ts'
import { readSettings } from '../../src/config/settings-xml.ts'

const folder = mkdtempSync(join(tmpdir(), 'sipis-gateway-edit-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'Settings.xml')

function edited(text: string | Buffer, changes: Record<string, string>) {
  writeFileSync(path, text)
  return editSettings(path, changes)
}

describe('Editing the database of a Settings.xml', () => {
  it('changes the value and nothing else, and shows the element without its secrets', () => {
    const text = (database: string) => `<?xml version="1.0"?>\r\n<!-- <Database OpenString="dbname=comment"/> -->
<s:Sipis xmlns:s="x">\t<s:Server Name="a>b"/>
  <s:Database  Note='OpenString="dbname=x"'\n   OpenString = "host=h dbname=${database} user=u password=&apos;it\\&#39;s dbname=y&apos;" />
</s:Sipis>\r\n`
    const edit = edited(text('old'), { dbname: 'sipis4' })
    expect(edit.contents.toString()).toBe(text('sipis4'))
    expect(edit.element).toContain('dbname=sipis4 user=u password=... sslmode'.replace(' sslmode', ''))
    expect(edit.element).not.toContain('dbname=y')
    expect(edit.line).toBe(4)
  })

  it('keeps the bytes of any encoding, quotes what needs it, and adds what is missing', () => {
    const bytes = Buffer.from(
      `<Sipis a="\xe9\x85"><Database OpenString='user=\xe9 password="x&amp;"'/></Sipis>`,
      'latin1',
    )
    const declared = Buffer.concat([Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?>'), bytes])
    writeFileSync(path, edited(declared, { dbname: `ž's & "db"`, port: '5433' }).contents)
    expect(keywordValues(readSettings([path])[0]?.openString ?? '', path)).toEqual([
      ['user', 'é'],
      ['password', '"x&"'],
      ['dbname', `ž's & "db"`],
      ['port', '5433'],
    ])
    expect(readFileSync(path).includes(Buffer.from('a="\xe9\x85"', 'latin1'))).toBe(true)
  })

  it('reads back as the same keywords with another dbname', () => {
    const value = fc.string({ unit: fc.constantFrom(...` '"\\&<>=aé`, 'dbname=') }).map((text) => text.trim())
    const pairs = fc.array(fc.tuple(fc.constantFrom('user', 'password', 'options', 'dbname'), value), { minLength: 1 })
    const quote = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`
    const inXml = (text: string) =>
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&#x27;')
    fc.assert(
      fc.property(pairs, value, (given, name) => {
        const openString = given.map(([keyword, text]) => `${keyword} = ${quote(text)}`).join(' ')
        const { contents } = edited(`<Sipis><Database OpenString="${inXml(openString)}"/></Sipis>`, { dbname: name })
        writeFileSync(path, contents)
        const found = keywordValues(readSettings([path])[0]?.openString ?? '', path)
        expect(found.findLast(([keyword]) => keyword === 'dbname')?.[1]).toBe(name)
        const rest = (all: readonly (readonly [string, string])[]) => all.filter(([keyword]) => keyword !== 'dbname')
        expect(rest(found)).toEqual(rest(given))
      }),
    )
  })

  it.each([
    ['<Sipis/>', /no Database\[OpenString\] that can be edited/],
    [
      Buffer.from('\ufeff<Sipis><Database OpenString="dbname=a"/></Sipis>', 'utf16le'),
      /can be edited. Edit it by hand/,
    ],
    ['<Sipis><Database OpenString="postgres://h/d"/></Sipis>', /is a URL. Edit it by hand/],
    [`<Sipis><Database OpenString="dbname='a"/></Sipis>`, /quote is not closed/],
  ])('%s is left to the operator', (text, message) => {
    expect(() => edited(text, { dbname: 'b' })).toThrow(message)
  })

  it('is done at once, with a backup beside it and the same mode', () => {
    const text = '<Sipis><Database OpenString="dbname=a"/></Sipis>'
    const edit = edited(text, { dbname: 'b' })
    chmodSync(path, 0o640)
    const { ino } = statSync(path)
    // A process that was killed has left its temporary file behind.
    writeFileSync(`${path}.${process.pid}.partial`, 'x')
    expect(writeSettings(edit)).toBe(`${path}.old`)
    expect([readFileSync(path, 'utf8'), readFileSync(`${path}.old`, 'utf8')]).toEqual([text.replace('=a', '=b'), text])
    expect([statSync(path).mode & 0o777, statSync(`${path}.old`).mode & 0o777]).toEqual([0o640, 0o640])
    expect(statSync(`${path}.old`).ino).toBe(ino)
    expect(writeSettings(editSettings(path, { dbname: 'c' }))).toMatch(/Settings\.xml\.old-2[\d-]+T\d+Z$/)
    expect(readFileSync(`${path}.old`, 'utf8')).toBe(text)
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([])
    rmSync(path)
    expect(() => writeSettings(edit)).toThrow(/^Cannot edit .*Edit it by hand/)
  })
})
