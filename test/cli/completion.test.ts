import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../support/command.ts'

let folder: string
let script: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-completion-'))
  await writeFile(join(folder, 'Settings.xml'), '')
  script = (await run(['completion', 'bash'])).stdout
})
afterAll(() => rm(folder, { recursive: true }))

/** What bash proposes at the end of a line. */
function proposed(line: string): string[] {
  const program = `${script}
    COMP_LINE=$1 COMP_POINT=\${#1}
    _sipis_gateway
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['--norc', '-c', program, 'bash', line], { cwd: folder, encoding: 'utf8' })
  return output.split('\n').filter((word) => word !== '')
}

/** Commands or options in the help of a command. */
async function inHelp(...command: string[]): Promise<{ commands: string[]; options: string[] }> {
  const { stdout } = await run([...command, '--help'])
  const [, listed = ''] = /^Commands:\n(.*?)(\n\n|$)/ms.exec(stdout) ?? []
  return {
    commands: [...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name),
    options: [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = '']) => name),
  }
}

describe('sipis-gateway completion bash', () => {
  it('proposes every command and option that the help lists', async () => {
    const { commands } = await inHelp()
    expect(commands).toContain('serve')
    expect(proposed('sipis-gateway ')).toEqual(expect.arrayContaining(commands))
    for (const command of [...commands.filter((name) => name !== 'help'), 'key create', 'key list', 'key revoke']) {
      const { commands: below, options } = await inHelp(...command.split(' '))
      const words = [...proposed(`sipis-gateway ${command} `), ...proposed(`sipis-gateway ${command} -`)]
      expect([command, words]).toEqual([command, expect.arrayContaining([...below, ...options])])
    }
  })

  it('completes the beginning of a word, and choices of options and arguments', () => {
    expect(proposed('sipis-gateway che')).toEqual(['check'])
    expect(proposed('sipis-gateway key rev')).toEqual(['revoke'])
    expect(proposed('sipis-gateway copy --exec')).toEqual(['--execute'])
    expect(proposed('sipis-gateway init --schema ')).toEqual(['v1', 'v2'])
    expect(proposed('sipis-gateway copy --json --invalid-bytes re')).toEqual(['reject', 'replace'])
    expect(proposed('sipis-gateway completion ')).toEqual(expect.arrayContaining(['bash', 'zsh']))
  })

  it('completes scopes behind their colon, at which bash splits words', () => {
    expect(proposed('sipis-gateway key create --scope sipis:r')).toEqual(['read'])
    expect(proposed('sipis-gateway key create --scope sip')).toEqual(
      ['read', 'tokens', 'settings', 'ops'].map((name) => `sipis:${name}`),
    )
  })

  it('proposes files where no words are known', () => {
    expect(proposed('sipis-gateway serve --settings ')).toEqual(['Settings.xml'])
    expect(proposed('sipis-gateway copy Set')).toEqual(['Settings.xml'])
    expect(proposed('sipis-gateway serve --nothing')).toEqual([])
  })
})

describe('sipis-gateway completion', () => {
  const hasZsh = spawnSync('zsh', ['--version']).status === 0

  it.skipIf(!hasZsh)('prints a script by which zsh proposes words and files', async () => {
    const { stdout } = await run(['completion', 'zsh'])
    const program = `compdef() { : }
      _files() { print FILES }
      compadd() { shift; print -l -- "$@" | grep -- "^$PREFIX" }
      ${stdout}
      words=(\${=1}); [[ $1 == *' ' ]] && words+=('')
      CURRENT=$#words PREFIX=\${words[-1]}
      _sipis_gateway`
    const ask = (line: string) =>
      execFileSync('zsh', ['-f', '-c', program, 'zsh', line], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    expect(ask('sipis-gateway che')).toBe('check\n')
    expect(ask('sipis-gateway init --schema ')).toBe('v1\nv2\n')
    expect(ask('sipis-gateway key create --scope sipis:r')).toBe('sipis:read\n')
    expect(ask('sipis-gateway serve --settings ')).toBe('FILES\n')
  })

  it('prints for zsh the same commands and options', async () => {
    const { stdout } = await run(['completion', 'zsh'])
    const lists = (text: string) => [...text.matchAll(/proposed='([^']*)'/g)].map(([, words]) => words)
    expect(lists(stdout)).toEqual(lists(script))
    expect(stdout).toMatch(/^compdef _sipis_gateway sipis-gateway$/m)
    // In zsh this array is the search path of programs.
    expect(stdout).not.toMatch(/\bpath=/)
  })

  it('says which shells there are', async () => {
    const { code, stderr } = await run(['completion', 'fish'])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Allowed choices are bash, zsh/)])
  })
})
