import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../support/command.ts'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-keys-'))
  file = join(folder, 'keys.jsonl')
})
afterAll(() => rm(folder, { recursive: true }))

const create = (...args: string[]) => run(['key', 'create', '--file', file, ...args])

describe('sipis-gateway key', () => {
  it('create prints the key alone to standard output, list shows all but the key, revoke takes it away', async () => {
    const made = await create('--name', 'dashboard', '--scope', 'sipis:read', 'sipis:ops', '--expires', '90d')
    expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/^sipis_[0-9a-f]{12}_[\w-]{43}\n$/)])
    expect(made.stderr).not.toContain(made.stdout.trim())
    const [, id = '', secret = ''] = made.stdout.trim().split('_')
    const listed = await run(['key', 'list'], { API_KEYS_FILE: file })
    expect(listed.stdout).toMatch(new RegExp(`^${id}  dashboard  sipis:read sipis:ops  created .*  expires `))
    expect(listed.stdout).not.toContain(secret)
    const revoked = await run(['key', 'revoke', id, '--file', file])
    expect([revoked.code, revoked.stdout]).toEqual([0, expect.stringContaining(`Revoked ${id} (dashboard)`)])
    expect((await run(['key', 'list', '--file', file])).stdout).toBe('There are no keys.\n')
  })

  it.each([
    [['--name', 'x'], /--scope/],
    [['--name', 'x', '--scope', 'sipis:own'], /sipis:own.*invalid|Allowed choices/],
    [['--scope', 'sipis:read'], /--name/],
    [['--name', ' ', '--scope', 'sipis:read'], /A name has 1 to 100 characters/],
    [['--name', 'x', '--scope', 'sipis:read', '--expires', 'soon'], /write it like 90d/],
    [['--name', 'x', '--scope', 'sipis:read', '--expires', '2020-01-01'], /which is past/],
  ])('create says what is wrong with %j', async (args, message) => {
    const { code, stderr, stdout } = await create(...args)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('revoke says so where there is no such key, and each says which file to name', async () => {
    await create('--name', 'x', '--scope', 'sipis:read')
    expect((await run(['key', 'revoke', 'nobody', '--file', file])).stderr).toMatch(
      /no key with the id or name "nobody"/,
    )
    expect((await run(['key', 'list'])).stderr).toMatch(/set API_KEYS_FILE/)
  })
})
