import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import {
  appendFile,
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApiKeyVerifier } from '../../src/auth/api-key-verifier.ts'
import { createKey, listKeys, readKeys, revokeKeys } from '../../src/auth/api-keys.ts'
import { CredentialError, KeysUnavailable } from '../../src/auth/credential-error.ts'
import type { Scope } from '../../src/auth/principal.ts'

let folder: string
let file: string
const warnings: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-keys-'))
  file = join(folder, 'keys.jsonl')
  warnings.length = 0
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await rm(folder, { recursive: true })
})

const make = (name: string, expires?: Date) => createKey(file, { name, scopes: ['sipis:read', 'sipis:read'], expires })
const verifier = () => createApiKeyVerifier(file, (sentence) => warnings.push(sentence))
/** The file is read at most once a second. */
const later = (ms = 1_100) => vi.advanceTimersByTime(ms)

describe('An API key', () => {
  it('identifies the caller and its scopes', () => {
    const { id, key } = make('dashboard')
    expect(verifier()(key)).toEqual({ id: `key:${id}`, name: 'dashboard', scopes: ['sipis:read'], selector: null })
  })

  it('is stored only as its SHA-256, in a file that only its owner can read', async () => {
    const { key } = make('dashboard')
    const text = await readFile(file, 'utf8')
    expect(text).not.toContain(key)
    expect(text).not.toContain(key.split('_')[2])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('that is changed, truncated, extended or has another id is rejected', () => {
    const { key } = make('one')
    const { id } = make('two')
    const verify = verifier()
    // The secret part may contain underscores.
    const prefix = 'sipis'
    const secret = key.slice('sipis_0123456789ab_'.length)
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

  it('is rejected from the moment on at which it expires, even if it was good within the same second', () => {
    const { key } = make('brief', new Date(Date.now() + 500))
    const verify = verifier()
    expect(verify(key).name).toBe('brief')
    later(499)
    expect(verify(key).name).toBe('brief')
    later(1)
    expect(() => verify(key)).toThrow(/has expired/)
    expect(() => verify(key)).toThrow(/has expired/)
  })

  it('is rejected after it has expired', () => {
    const { key } = make('short', new Date(Date.now() + 60_000))
    const verify = verifier()
    expect(verify(key).name).toBe('short')
    later(59_999)
    expect(verify(key).name).toBe('short')
    later(1)
    expect(() => verify(key)).toThrow(/has expired/)
  })

  it('is accepted once created and rejected once revoked, by id or name, without a restart', () => {
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

  it('stays valid for 60 seconds while the file is broken, with one warning, and is then rejected until the file is repaired', async () => {
    const { key } = make('dashboard')
    const verify = verifier()
    await appendFile(file, 'nonsense\n')
    for (let n = 0; n < 3; n++) {
      later()
      expect(verify(key).name).toBe('dashboard')
    }
    expect(warnings).toEqual([expect.stringMatching(/^Line 2 of .* is not a valid API key.* up to 60 seconds/)])
    later(60_000)
    for (let n = 0; n < 3; n++) {
      later()
      expect(() => verify(key)).toThrow(KeysUnavailable)
    }
    expect(warnings).toEqual([expect.anything(), expect.stringMatching(/Line 2 .*All API keys are rejected/)])
    const broken = await readFile(file, 'utf8')
    await writeFile(file, broken.replace('nonsense', ''))
    later()
    expect(verify(key).name).toBe('dashboard')
    await writeFile(file, broken)
    later()
    expect(verify(key).name).toBe('dashboard')
    expect(warnings).toHaveLength(3)
    expect(warnings[2]).toBe(warnings[0])
  })

  it('is looked up in the file again after one second, not earlier', () => {
    make('first')
    later(10)
    const verify = verifier()
    const { key } = make('second')
    for (const ms of [0, 999]) {
      later(ms)
      expect(() => verify(key)).toThrow(CredentialError)
    }
    later(1)
    expect(verify(key).name).toBe('second')
    const third = make('third').key
    later(999)
    expect(() => verify(third)).toThrow(CredentialError)
    later(1)
    expect(verify(third).name).toBe('third')
  })

  it('is rejected 60 seconds after the last successful read of the file, not earlier', async () => {
    later(100_000)
    const { key } = make('dashboard')
    const verify = verifier()
    await appendFile(file, 'nonsense\n')
    later(59_999)
    expect(verify(key).name).toBe('dashboard')
    later(1)
    expect(() => verify(key)).toThrow(KeysUnavailable)
    expect(warnings).toEqual([expect.stringContaining('valid for up to 60 seconds')])
    later(1_000)
    expect(() => verify(key)).toThrow(KeysUnavailable)
    expect(warnings[1]).toContain('All API keys are rejected')
  })

  it('is rejected one second after its file is deleted, even if the system clock goes back an hour', async () => {
    const { key } = make('dashboard')
    const verify = verifier()
    expect(verify(key).name).toBe('dashboard')
    await rm(file)
    vi.setSystemTime(Date.now() - 3_600_000)
    later()
    expect(() => verify(key)).toThrow(CredentialError)
  })

  it('cannot be verified after the file has been unreadable for 60 seconds, with a warning', async () => {
    make('dashboard')
    const verify = verifier()
    await appendFile(file, 'nonsense\n')
    later(59_999)
    expect(verify.problem()).toBe(undefined)
    later()
    expect(verify.problem()).toBe('the API keys file cannot be read')
  })

  it('is rejected at once if the file is unreadable after 60 seconds without a request', async () => {
    later(100_000)
    const { key } = make('dashboard')
    const verify = verifier()
    await appendFile(file, 'nonsense\n')
    later(60_000)
    expect(() => verify(key)).toThrow(KeysUnavailable)
    expect(warnings).toEqual([expect.stringContaining('All API keys are rejected')])
  })

  it.each([
    ['is readable by other users', () => chmod(file, 0o604)],
    ['is writable by its group', () => chmod(file, 0o620)],
    ['is a folder', () => rm(file).then(() => mkdir(file))],
    ['is in a folder that other users can write', () => chmod(folder, 0o777)],
    ['is a link to itself', () => rm(file).then(() => symlink(file, file))],
    ['contains two keys with the same id', () => readFile(file).then((line) => appendFile(file, line))],
  ])('is rejected after 60 seconds if the file %s', async (_, change) => {
    const { key } = make('dashboard')
    const verify = verifier()
    await change()
    later()
    expect(verify(key).name).toBe('dashboard')
    expect(warnings).toHaveLength(1)
    later(59_000)
    expect(() => verify(key)).toThrow(KeysUnavailable)
  })

  it('is rejected once revoked, even if the wall clock goes back and the file keeps its time and size', async () => {
    const { id, key } = make('dashboard')
    const verify = verifier()
    const { atime, mtime } = await stat(file)
    revokeKeys(file, id)
    await utimes(file, atime, mtime)
    vi.setSystemTime(Date.now() - 86_400_000)
    vi.advanceTimersByTime(1_100)
    expect(() => verify(key)).toThrow(CredentialError)
  })

  it('is rejected after the file is removed', async () => {
    const { key } = make('dashboard')
    const verify = verifier()
    await rm(file)
    later()
    expect(() => verify(key)).toThrow(CredentialError)
  })
})

describe('A file of API keys', () => {
  it('keeps known keys valid while its folder is unreadable, with a warning', async () => {
    const { key } = make('dashboard')
    // Root can read every folder, so the process switches to another user.
    const script = `
      import { chmodSync, chownSync } from 'node:fs'
      import { createApiKeyVerifier } from './src/auth/api-key-verifier.ts'
      const [folder, file, key] = process.argv.slice(1)
      if (process.getuid() === 0) {
        for (const path of [folder, file]) chownSync(path, 65534, 65534)
        process.seteuid(65534)
      }
      const verify = createApiKeyVerifier(file, (sentence) => console.log(sentence))
      chmodSync(folder, 0o000)
      await new Promise((next) => setTimeout(next, 1_100))
      console.log(verify(key).name)
      chmodSync(folder, 0o700)`
    const args = ['--input-type=module', '-e', script, folder, file, key]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toMatch(
      /^API_KEYS_FILE .* cannot be read \(EACCES\).* Known keys stay valid for up to 60 seconds\.\ndashboard\n$/,
    )
  })

  it('is reported again if it breaks a second time within 60 seconds', async () => {
    const { key } = make('dashboard')
    const verify = verifier()
    const good = await readFile(file)
    for (let n = 0; n < 2; n++) {
      await appendFile(file, 'nonsense\n')
      later()
      verify(key)
      await writeFile(file, good)
      later()
      verify(key)
    }
    expect(warnings).toHaveLength(2)
    expect(warnings[1]).toBe(warnings[0])
  })

  it('has one line for each key, whether it was empty or missing before', async () => {
    await writeFile(file, '', { mode: 0o600 })
    make('first')
    make('second')
    const lines = (await readFile(file, 'utf8')).split('\n')
    expect(lines.map((line) => line.slice(0, 1))).toEqual(['{', '{', ''])
    await rm(file)
    make('third')
    expect((await readFile(file, 'utf8')).split('\n').map((line) => line.slice(0, 1))).toEqual(['{', ''])
  })

  it.skipIf(process.platform !== 'linux')('without space for the whole key makes the command fail', async () => {
    make('first')
    const { size } = await stat(file)
    const own = ['--pid', `${process.pid}`]
    const before = execFileSync('prlimit', [...own, '--fsize', '--output', 'SOFT', '--noheadings'])
      .toString()
      .trim()
    const limit = (bytes: number | string) => execFileSync('prlimit', [...own, `--fsize=${bytes}:`])
    limit(size + 10)
    try {
      expect(() => make('second')).toThrow(/cannot be changed \(ENOSPC\)/)
    } finally {
      limit(before)
    }
  })

  it('loses only the revoked key', () => {
    for (const name of ['first', 'second', 'third', 'fourth']) make(name)
    revokeKeys(file, 'second')
    expect(readKeys(file).map(({ name }) => name)).toEqual(['first', 'third', 'fourth'])
    expect(listKeys(file).map(({ name, ...key }) => [name, 'revoked' in key])).toEqual([
      ['first', false],
      ['second', true],
      ['third', false],
      ['fourth', false],
    ])
  })

  it('keeps everything of a revoked key but its hash, whatever its name is', async () => {
    const names = ['x', 'č'.repeat(100), '"'.repeat(100), '😀'.repeat(50)]
    for (const name of names) make(name)
    const { size } = await stat(file)
    for (const name of names) revokeKeys(file, name)
    expect((await stat(file)).size).toBe(size)
    expect(listKeys(file).map(({ name }) => name)).toEqual(names)
    for (const key of listKeys(file))
      expect(key).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{12}$/),
        name: expect.any(String),
        scopes: ['sipis:read'],
        created: expect.any(String),
        revoked: expect.any(String),
      })
    expect(readKeys(file)).toEqual([])
  })

  it('does not accept a key whose line says that it is revoked, even if its hash is still there', async () => {
    const { key } = make('dashboard')
    const line = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, `${JSON.stringify({ ...line, revoked: new Date().toISOString() })}\n`)
    expect(() => verifier()(key)).toThrow(CredentialError)
  })

  it.skipIf(process.platform !== 'linux')('is closed after each use, also if it is rejected', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    make('dashboard')
    readKeys(file)
    const before = open()
    for (let n = 0; n < 20; n++) readKeys(file)
    await chmod(file, 0o644)
    for (let n = 0; n < 20; n++) expect(() => readKeys(file)).toThrow(/world-readable-keys/)
    expect(open()).toBeLessThan(before + 20)
  })

  it('that is replaced while a key is created or revoked makes the command fail with that reason', async () => {
    const [one, other] = [join(folder, 'one'), join(folder, 'other')]
    const link = join(folder, 'link')
    make('dashboard')
    const text = readFileSync(file)
    const restore = () => {
      for (const path of [one, other]) writeFileSync(path, text, { mode: 0o600 })
    }
    restore()
    await symlink(one, link)
    const source = `
      const { renameSync, symlinkSync } = require('node:fs')
      const { workerData: { folder, link } } = require('node:worker_threads')
      for (let n = 0; ; n++) {
        symlinkSync(folder + (n % 2 === 0 ? '/other' : '/one'), link + n)
        renameSync(link + n, link)
      }`
    const swapping = new Worker(source, { eval: true, workerData: { folder, link } })
    await once(swapping, 'online')
    /** Output of the command when its file is swapped for another. */
    const untilRefused = (command: () => void) => {
      for (let tries = 0; tries < 1_000; tries++) {
        restore()
        try {
          command()
        } catch (error) {
          return String(error)
        }
      }
      return 'never refused'
    }
    const said = [
      untilRefused(() => createKey(link, { name: 'new', scopes: ['sipis:read'], expires: undefined })),
      untilRefused(() => revokeKeys(link, 'dashboard')),
    ]
    await swapping.terminate()
    expect(said).toEqual(Array(2).fill(expect.stringContaining('Another process replaced')))
  })

  it.each([0o660, 0o620])('is rejected if its group can change it (%o), with what to do', async (mode) => {
    make('dashboard')
    await chmod(file, mode)
    expect(() => verifier()).toThrow(/^Refused \(group-writable-keys\).* chmod g-w/)
    expect(() => make('another')).toThrow(/group-writable-keys/)
  })

  it('is rejected in a folder where every user can replace it, unless the folder is sticky like /tmp', async () => {
    make('dashboard')
    await chmod(folder, 0o777)
    expect(() => verifier()).toThrow(/^Refused \(world-writable-folder\).* chmod o-w/)
    await chmod(folder, 0o702)
    expect(() => verifier()).toThrow(/^Refused \(world-writable-folder\)/)
    await chmod(folder, 0o1777)
    expect(verifier()).toBeTypeOf('function')
  })

  it('is not changed if the key to create is rejected', async () => {
    await chmod(folder, 0o777)
    expect(() => make('dashboard')).toThrow(/world-writable-folder/)
    await chmod(folder, 0o700)
    expect(readKeys(file)).toEqual([])
  })

  it('that cannot be opened or is not a regular file is rejected with what to do, without blocking', () => {
    expect(() => createKey(folder, { name: 'x', scopes: ['sipis:read'], expires: undefined })).toThrow(/is not a file/)
    expect(() => createApiKeyVerifier('/dev/zero', () => undefined)).toThrow(/is not a file/)
    expect(() => readKeys(join(file, 'x'))).toThrow(/does not exist|cannot be read/)
    expect(() =>
      createKey(join(folder, 'none', 'x'), { name: 'x', scopes: ['sipis:read'], expires: undefined }),
    ).toThrow(/cannot be changed \(ENOENT\)/)
  })

  it('keeps its mode, links, hand-written lines and inode when keys are created and revoked', async () => {
    make('first')
    await writeFile(file, `${(await readFile(file, 'utf8')).trim()}`)
    await chmod(file, 0o640)
    const [hardLink, symbolicLink] = [join(folder, 'hard'), join(folder, 'symbolic')]
    await link(file, hardLink)
    await symlink(file, symbolicLink)
    const before = await stat(file)
    createKey(symbolicLink, { name: 'second', scopes: ['sipis:ops'], expires: undefined })
    expect(readKeys(hardLink).map(({ name }) => name)).toEqual(['first', 'second'])
    revokeKeys(symbolicLink, 'first')
    expect(readKeys(hardLink).map(({ name }) => name)).toEqual(['second'])
    const after = await stat(file)
    expect([after.ino, after.mode, after.uid, after.gid]).toEqual([before.ino, before.mode, before.uid, before.gid])
  })

  it.skipIf(process.getuid?.() !== 0)(
    'of another user keeps its owner when root creates and revokes keys',
    async () => {
      make('first')
      await chmod(folder, 0o755)
      await chown(file, 65_534, 65_534)
      make('second')
      revokeKeys(file, 'first')
      const { uid, gid, mode } = await stat(file)
      expect([uid, gid, mode & 0o777]).toEqual([65_534, 65_534, 0o600])
      expect(execFileSync('cat', [file], { uid: 65_534, gid: 65_534 }).toString()).toContain('second')
    },
  )

  it('with two keys of the same id is rejected, and one revocation removes both', async () => {
    const { id } = make('dashboard')
    await appendFile(file, await readFile(file))
    expect(() => verifier()).toThrow(new RegExp(`Lines 1 and 2 of .* have the same id, ${id}`))
    expect(revokeKeys(file, id)).toHaveLength(2)
    expect(readKeys(file)).toEqual([])
  })

  it.each(['a\nb', 'a\u001b[2J', 'a\u202eb', '\u0000', 'a\u2028', 'a\u200bb', 'a\u009b', '\ud800', '012345678abc'])(
    'rejects a name like %j',
    (name) => {
      expect(() => make(name)).toThrow(
        /^(The name "[\x20-\x7e]+" contains an unprintable character|A name must not look like)/,
      )
    },
  )

  it('accepts names of 1 to 100 characters that are not all blank', () => {
    for (const name of ['', ' ', 'x'.repeat(101)])
      expect(() => make(name)).toThrow(/^A name must have 1 to 100 characters/)
    for (const name of ['x', 'x'.repeat(100)]) make(name)
    expect(readKeys(file).map(({ name }) => name.length)).toEqual([1, 100])
  })

  it('accepts keys with one or more scopes, except that of a device', () => {
    const create = (...scopes: Scope[]) => createKey(file, { name: 'x', scopes, expires: undefined })
    expect(() => create()).toThrow()
    expect(() => create('sipis:own')).toThrow()
    expect(() => create('sipis:read', 'sipis:own')).toThrow()
    create('sipis:read', 'sipis:tokens', 'sipis:read')
    expect(readKeys(file).map(({ scopes }) => scopes)).toEqual([['sipis:read', 'sipis:tokens']])
  })

  it('with a hand-written line that no command would write is rejected', async () => {
    make('dashboard')
    const good = JSON.parse(await readFile(file, 'utf8'))
    for (const wrong of [
      { name: 'x'.repeat(101) },
      { name: '' },
      { scopes: [] },
      { scopes: ['sipis:own'] },
      { id: '0123456789abc' },
      { sha256: 'x' },
      { created: 'yesterday' },
      { expires: 'tomorrow' },
    ]) {
      await writeFile(file, JSON.stringify({ ...good, ...wrong }))
      expect(() => readKeys(file)).toThrow(/^Line 1 of .* is not a valid API key/)
    }
    await writeFile(file, JSON.stringify({ ...good, scopes: ['sipis:read', 'sipis:ops'] }))
    expect(readKeys(file)).toHaveLength(1)
  })

  it('reports an unknown name to revoke, without its control characters', () => {
    make('dashboard')
    expect(() => revokeKeys(file, 'other')).toThrow(/has no key with the id or name "other"/)
    expect(() => revokeKeys(file, '\u001b[2J\u202e')).toThrow(/the id or name "\\u\{1b\}\[2J\\u\{202e\}"/)
    expect(readKeys(file)).toHaveLength(1)
  })

  it.each([0o644, 0o604, 0o602, 0o601])(
    'is rejected if other users have access (%o), with what to do',
    async (mode) => {
      make('dashboard')
      await chmod(file, mode)
      expect(() => verifier()).toThrow(/^Refused \(world-readable-keys\).* chmod 600/)
    },
  )

  it('that is missing or contains an invalid line is rejected with what to do', async () => {
    expect(() => verifier()).toThrow(/key create/)
    for (const line of ['x', '{}', '{"id":"0","name":"","scopes":[],"sha256":""}', '[]', '{"__proto__":1}']) {
      await writeFile(file, `${line}\n`, { mode: 0o600 })
      expect(() => verifier()).toThrow(/^Line 1 of .* is not a valid API key/)
    }
  })
})
