import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { settingNames } from '../../src/config/settings.ts'
import { federationSubgraph } from '../../src/graph/subgraph/schema.ts'
import { run } from '../support/command.ts'

describe('sipis-gateway', () => {
  it('prints the schema', async () => {
    const { code, stdout } = await run(['schema'])
    expect(code).toBe(0)
    expect(stdout).toBe(await readFile('schema.graphql', 'utf8'))
  })

  it('prints the subgraph', async () => {
    const { code, stdout } = await run(['schema', '--subgraph'])
    expect([code, stdout]).toEqual([0, federationSubgraph().sdl])
  })

  it('prints its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  it.each([[], ['serve'], ['init'], ['seed'], ['check'], ['schema']])('has help for "%s"', async (...command) => {
    const { code, stdout } = await run([...command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Usage: sipis-gateway')
  })

  it('lists every setting in the help of serve', async () => {
    const { stdout } = await run(['serve', '--help'])
    for (const name of settingNames) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  it('rejects an unknown command, and suggests the nearest', async () => {
    const { code, stderr } = await run(['serv'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/unknown command 'serv'\n\(Did you mean serve\?\)/)
  })
})
