import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKey, readKeys } from '../../src/auth/api-keys.ts'

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-keys-'))
  file = join(folder, 'keys.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

const make = (name: string) => createKey(file, { name, scopes: ['sipis:read'], expires: undefined })

describe('A file of API keys', () => {
  it('holds at most 10,000 keys', async () => {
    make('first')
    const line = JSON.parse(await readFile(file, 'utf8'))
    const lines = Array.from({ length: 9_998 }, (_, n) =>
      JSON.stringify({ ...line, id: n.toString(16).padStart(12, '0') }),
    )
    await appendFile(file, `${lines.join('\n')}\n`)
    make('last')
    expect(() => make('too many')).toThrow(/already holds 10000 keys/)
    expect(readKeys(file)).toHaveLength(10_000)
  })

  it('of more than 16,000,000 bytes is rejected, including blank lines', async () => {
    make('dashboard')
    const { size } = await stat(file)
    await appendFile(file, '\n'.repeat(16_000_000 - size))
    expect(readKeys(file)).toHaveLength(1)
    await appendFile(file, '\n')
    expect(() => readKeys(file)).toThrow(/has more than 16000000 bytes/)
  })
})
