/** The section "Typed clients" of docs/api.md, as the package has it, followed to the letter in a folder of its own. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startGateway } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'

/** Outside this client, whose tsconfig.json the compiler would find, but with the packages that its lock file names. */
const folder = join(import.meta.dirname, '../newcomer')
const text = await readFile('../node_modules/sipis-gateway/docs/api.md', 'utf8')
const [section = ''] = /^## Typed clients$.*?(?=^## )/ms.exec(text) ?? []
const commands = section
  .replaceAll(/^```.*?^```$/gms, '')
  .split('\n')
  .filter((line) => line.startsWith('    '))
  .flatMap((line) => line.trim().replace(/ +#.*/, '').split(' && '))

const sh = async (command: string) => (await promisify(execFile)('sh', ['-c', command], { cwd: folder })).stdout

/** Writes the files that the section shows, which are named by their first lines. */
async function writeFiles(): Promise<string[]> {
  const files = [...section.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)]
  for (const [, name = '', code = ''] of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), code)
  }
  return files.map(([, name = '']) => name)
}

describe('A newcomer', () => {
  before(async () => {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder)
    await symlink(join(import.meta.dirname, 'node_modules'), join(folder, 'node_modules'))
  })

  it('installs the packages that this client has, and starts the demo', async () => {
    const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'))
    const own = ['sipis-gateway', 'graphql@16', ...Object.keys(dependencies)]
    const installed = commands.flatMap((command) => /^npm install -D (.+)/.exec(command)?.[1]?.split(' ') ?? [])
    deepStrictEqual([installed.filter((name) => !own.includes(name)), installed.includes('sipis-gateway')], [[], true])
    strictEqual(commands.includes('npx sipis-gateway serve &'), true)
  })

  it('has a typed query answered', async () => {
    const { DATABASE_URL = '' } = stage.settings.api
    await using gateway = await startGateway(stage.command, { DATABASE_URL, SIPIS_TIME_ZONE: 'UTC' })
    const answers: string[] = []
    for (const command of commands.filter((one) => !/^npm install | &$/.test(one))) {
      if (command.startsWith('npx graphql-codegen'))
        deepStrictEqual(await writeFiles(), ['codegen.ts', 'src/newest.ts'])
      const said = await sh(command.startsWith('node ') ? `${command} ${gateway.url}` : command)
      if (command.startsWith('node ')) answers.push(said)
    }
    deepStrictEqual(
      answers.map((answer) => Object.keys(JSON.parse(answer))),
      [['name', 'lastSeen', 'calls']],
    )
  })

  it('has an error of the compiler where the types do not fit', async () => {
    const [check = ''] = commands.filter((command) => command.startsWith('npx tsc '))
    const code = await readFile(join(folder, 'src/newest.ts'), 'utf8')
    await writeFile(join(folder, 'src/newest.ts'), `${code}\nexport const wrong = data?.selectors?.nodes[0]?.suffix\n`)
    const said = await sh(check).catch(({ stdout }: { readonly stdout: string }) => stdout)
    deepStrictEqual(said.match(/error TS\d+/g), ['error TS2339'])
  })
})
