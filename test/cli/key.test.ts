import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKey, readKeys } from '../../src/auth/api-keys.ts'
import { run } from '../support/command.ts'
import { times } from '../support/counts.ts'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-keys-'))
  file = join(folder, 'keys.jsonl')
})
afterAll(() => rm(folder, { recursive: true }))

const create = (...args: string[]) => run(['key', 'create', '--file', file, ...args])

describe('sipis-gateway key', () => {
  it('create prints only the key to standard output, list shows everything except the key, revoke keeps its name', async () => {
    const made = await create('--name', 'dashboard', '--scope', 'sipis:read', 'sipis:ops', '--expires', '90d')
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^sipis_[0-9a-f]{12}_[\w-]{43}\n$/)])
    expect(made.stderr).not.toContain(made.stdout.trim())
    const [, id = '', secret] = /^sipis_([0-9a-f]{12})_(.+)\n$/.exec(made.stdout) ?? []
    const listed = await run(['key', 'list'], { API_KEYS_FILE: file })
    expect(listed.stdout).toMatch(new RegExp(`^${id}  dashboard  sipis:read sipis:ops  created .*  expires `))
    expect(listed.stdout).not.toContain(secret)
    const revoked = await run(['key', 'revoke', id, '--file', file])
    expect([revoked.code, revoked.stdout]).toEqual([0, expect.stringContaining(`Revoked ${id} (dashboard)`)])
    expect((await run(['key', 'list', '--file', file])).stdout).toMatch(
      new RegExp(`^${id}  dashboard  sipis:read sipis:ops  created \\S+  REVOKED \\S+\n$`),
    )
    expect((await run(['key', 'revoke', id, '--file', file])).stderr).toContain('has no key with the id or name')
  })

  it.each([
    [['--name', 'x'], /--scope/],
    [['--name', 'x', '--scope', 'sipis:own'], /sipis:own.*invalid|Allowed choices/],
    [['--scope', 'sipis:read'], /--name/],
    [['--name', ' ', '--scope', 'sipis:read'], /A name must have 1 to 100 characters/],
    [['--name', 'x', '--scope', 'sipis:read', '--expires', 'soon'], /must have the form 90d/],
    [['--name', 'x', '--scope', 'sipis:read', '--expires', '2130-02-30'], /must have the form 90d/],
    [['--name', 'x', '--scope', 'sipis:read', '--expires', '2020-01-01'], /which is in the past/],
  ])('create reports why %j is invalid', async (args, message) => {
    const { code, stderr, stdout } = await create(...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('lists hand-written names with control characters escaped', async () => {
    const made = await create('--name', 'plain', '--scope', 'sipis:read')
    expect(made.code).toBe(0)
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('plain', '\\u001b[31m\\u202ered\\nline'))
    const { stdout } = await run(['key', 'list', '--file', file])
    expect(stdout).toContain('\\u{1b}[31m\\u{202e}red\\u{a}line')
    expect(stdout).toMatch(/^[\x20-\x7e\n]*$/)
    const id = made.stdout.split('_')[1] ?? ''
    expect((await run(['key', 'revoke', id, '--file', file])).stdout).toContain('(\\u{1b}[31m')
    expect((await run(['key', 'revoke', '\u001b[2J', '--file', file])).stderr).toContain('"\\u{1b}[2J"')
  })

  it('loses no change of processes that create and revoke keys at the same time', async () => {
    const count = times(40, 8)
    const numbers = Array.from({ length: count }, (_, n) => n)
    for (const n of numbers) createKey(file, { name: `old ${n}`, scopes: ['sipis:read'], expires: undefined })
    const finished = await Promise.all(
      numbers.flatMap((n) => [
        create('--name', `new ${n}`, '--scope', 'sipis:read'),
        run(['key', 'revoke', `old ${n}`, '--file', file]),
      ]),
    )
    expect(finished.map(({ code, stderr }) => (code === 0 ? 'ok' : stderr))).toEqual(finished.map(() => 'ok'))
    const names = readKeys(file).map(({ name }) => name)
    expect(names.filter((name) => name.startsWith('old'))).toEqual([])
    expect(names.filter((name) => name.startsWith('new')).sort()).toEqual(numbers.map((n) => `new ${n}`).sort())
  })

  it('revoke reports an unknown key, and every command requires a file', async () => {
    await create('--name', 'x', '--scope', 'sipis:read')
    expect((await run(['key', 'revoke', 'nobody', '--file', file])).stderr).toMatch(
      /no key with the id or name "nobody"/,
    )
    expect((await run(['key', 'list'])).stderr).toMatch(/set API_KEYS_FILE/)
  })
})
