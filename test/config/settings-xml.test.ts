import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/config/settings-xml.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-settings-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, text: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const openStrings = (...paths: string[]) => readSettings(paths).map(({ openString }) => openString)

describe('Settings.xml', () => {
  it('names the database, with the namespace or without, prefixed or not', async () => {
    const plain = await write(
      'a.xml',
      `<?xml version="1.0"?><Sipis><Server Name="Sipis1"/><Database OpenString="dbname=a"/></Sipis>`,
    )
    const namespaced = await write(
      'b.xml',
      `<Sipis xmlns="http://acrobits.net/SipisSettings.xsd">\n  <Database OpenString="dbname=b" />\n</Sipis>`,
    )
    const prefixed = await write(
      'c.xml',
      `<s:Sipis xmlns:s="http://acrobits.net/SipisSettings.xsd"><s:Database OpenString="dbname=c"/></s:Sipis>`,
    )
    expect(openStrings(plain, namespaced, prefixed)).toEqual(['dbname=a', 'dbname=b', 'dbname=c'])
  })

  it('has its entities decoded', async () => {
    const path = await write(
      'entities.xml',
      `<Sipis><Database OpenString="dbname=a password=&apos;&lt;&amp;&quot;&#x17E;&apos;"/></Sipis>`,
    )
    expect(openStrings(path)).toEqual([`dbname=a password='<&"ž'`])
  })

  it('inherits missing values from its Defaults, along a chain of relative paths', async () => {
    await write('defaults/base.xml', '<Sipis><Database OpenString="dbname=base"/></Sipis>')
    await write('defaults/middle.xml', '<Sipis Defaults="base.xml"><HttpServer Port="5000"/></Sipis>')
    const silent = await write('silent.xml', '<Sipis Defaults="defaults/middle.xml"><Server Name="x"/></Sipis>')
    const empty = await write('empty.xml', '<Sipis Defaults="defaults/middle.xml"><Database/></Sipis>')
    const loud = await write(
      'loud.xml',
      '<Sipis Defaults="defaults/middle.xml"><Database OpenString="dbname=own"/></Sipis>',
    )
    expect(openStrings(silent, empty, loud)).toEqual(['dbname=base', 'dbname=base', 'dbname=own'])
  })

  it('may be one of several files in a folder', async () => {
    for (const n of [1, 2])
      await write(`several/Settings${n}.xml`, `<Sipis><Database OpenString="dbname=${n}"/></Sipis>`)
    await write('several/other.xml', '<Sipis/>')
    expect(openStrings(join(folder, 'several'))).toEqual(['dbname=1', 'dbname=2'])
  })

  it('may use another declared encoding, or UTF-16', async () => {
    const text = `<?xml version="1.0" encoding="windows-1250"?><Sipis><Database OpenString="dbname=x password=`
    const central = Buffer.concat([Buffer.from(text), Buffer.from([0x9e]), Buffer.from('"/></Sipis>')])
    const wide = Buffer.from('\ufeff<Sipis><Database OpenString="dbname=ž"/></Sipis>', 'utf16le')
    expect(openStrings(await write('central.xml', central), await write('wide.xml', wide))).toEqual([
      'dbname=x password=ž',
      'dbname=ž',
    ])
  })

  it('without a database yields no connection string', async () => {
    expect(openStrings(await write('none.xml', '<Sipis/>'))).toEqual([undefined])
  })

  it.each([
    ['missing.xml', undefined, /Cannot read .*missing\.xml: there is no such file/],
    ['broken.xml', '<Sipis>\n<Database\n</Sipis>', /not well-formed XML: line \d/],
    ['other.xml', '<Html/>', /no root element Sipis/],
    ['text.xml', 'dbname=x', /not well-formed|no root element/],
    ['circle.xml', '<Sipis Defaults="circle.xml"/>', /lead back to/],
    ['lost.xml', '<Sipis Defaults="nowhere.xml"/>', /Cannot read .*nowhere\.xml/],
    ['binary.xml', Buffer.from([0, 1, 2, 255]), /not well-formed|no root element/],
  ])('%s is rejected with what to do', async (name, text, message) => {
    const path = text === undefined ? join(folder, name) : await write(name, text)
    expect(() => readSettings([path])).toThrow(message)
  })

  it('is rejected if its entities expand without bound', async () => {
    const levels = Array.from({ length: 12 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join('')
    const path = await write(
      'bomb.xml',
      `<!DOCTYPE Sipis [<!ENTITY e0 "boom">${levels}]><Sipis><Database OpenString="&e12;"/></Sipis>`,
    )
    const read = () => openStrings(path)
    try {
      expect(String(read()[0]).length).toBeLessThan(10_000)
    } catch (error) {
      expect(String(error)).toMatch(/Cannot read|not well-formed/)
    }
  })

  it('is reported as missing in a folder without one', async () => {
    await mkdir(join(folder, 'bare'))
    expect(() => readSettings([join(folder, 'bare')])).toThrow(/no Settings\*\.xml/)
  })
})
