import { appendFile, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKey, openApiKeyVerifier, readKeys, revokeKeys } from '../../src/auth/api-keys.ts'
import { CredentialError } from '../../src/auth/credential-error.ts'

let folder: string
let file: string
const warnings: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-keys-'))
  file = join(folder, 'keys.jsonl')
  warnings.length = 0
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true })
})

const make = (name: string, expires?: Date) => createKey(file, { name, scopes: ['sipis:read', 'sipis:read'], expires })
const verifier = () => openApiKeyVerifier(file, (sentence) => warnings.push(sentence))
/** The file is looked at once a second. */
const later = (ms = 1_100) => vi.setSystemTime(Date.now() + ms)

describe('An API key', () => {
  it('says whose it is and what it may see', () => {
    const { id, key } = make('dashboard')
    expect(verifier()(key)).toEqual({ id: `key:${id}`, name: 'dashboard', scopes: ['sipis:read'], selector: null })
  })

  it('is kept nowhere but as its SHA-256, in a file that only its owner may read', async () => {
    const { key } = make('dashboard')
    const text = await readFile(file, 'utf8')
    expect(text).not.toContain(key)
    expect(text).not.toContain(key.split('_')[2])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('that is another, cut, longer or of another id is refused', () => {
    const { key } = make('one')
    const { id } = make('two')
    const verify = verifier()
    const [prefix, , secret = ''] = key.split('_')
    const flipped = `${secret.startsWith('A') ? 'B' : 'A'}${secret.slice(1)}`
    for (const wrong of [
      `${prefix}_${id}_${secret}`,
      `${prefix}_000000000000_${secret}`,
      `${prefix}_${key.split('_')[1]}_${flipped}`,
      key.slice(0, -1),
      `${key}A`,
      'sipis_',
      `sipis_${id}_`,
    ]) {
      expect(() => verify(wrong)).toThrow(CredentialError)
    }
  })

  it('is refused once it has expired', () => {
    const { key } = make('short', new Date(Date.now() + 60_000))
    const verify = verifier()
    expect(verify(key).name).toBe('short')
    later(61_000)
    expect(() => verify(key)).toThrow(/has expired/)
  })

  it('is accepted and refused without a restart once it is made and revoked, by id or name', () => {
    make('first')
    const verify = verifier()
    const { id, key } = make('second')
    later()
    expect(verify(key).name).toBe('second')
    revokeKeys(file, id)
    later()
    expect(() => verify(key)).toThrow(CredentialError)
    const again = [make('twice'), make('twice')]
    expect(revokeKeys(file, 'twice').map((one) => one.id)).toEqual(again.map((one) => one.id))
    later()
    for (const one of again) expect(() => verify(one.key)).toThrow(CredentialError)
    expect(readKeys(file).map(({ name }) => name)).toEqual(['first'])
  })

  it('stays valid while the file is broken or open to others, which is told once', async () => {
    const { key } = make('dashboard')
    const verify = verifier()
    await appendFile(file, 'nonsense\n')
    for (let n = 0; n < 3; n++) {
      later()
      expect(verify(key).name).toBe('dashboard')
    }
    expect(warnings).toEqual([expect.stringMatching(/Line 2 of .* is no API key/)])
    await chmod(file, 0o644)
    later()
    expect(verify(key).name).toBe('dashboard')
    expect(warnings[1]).toMatch(/world-readable-keys/)
  })

  it('is refused once the file is taken away', async () => {
    const { key } = make('dashboard')
    const verify = verifier()
    await rm(file)
    later()
    expect(() => verify(key)).toThrow(CredentialError)
  })
})

describe('A file of API keys', () => {
  it.each([0o644, 0o604, 0o602, 0o601])('that others may use (%o) is refused with what to do', async (mode) => {
    make('dashboard')
    await chmod(file, mode)
    expect(() => verifier()).toThrow(/^Refused \(world-readable-keys\).* chmod 600/)
  })

  it('that is not there, or has a line that is no key, is refused with what to do', async () => {
    expect(() => verifier()).toThrow(/key create/)
    for (const line of ['x', '{}', '{"id":"0","name":"","scopes":[],"sha256":""}', '[]', '{"__proto__":1}']) {
      await writeFile(file, `${line}\n`, { mode: 0o600 })
      expect(() => verifier()).toThrow(/^Line 1 of .* is no API key/)
    }
  })
})
