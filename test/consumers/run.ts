/**
 * Packs the package, installs it beside the clients of this folder, and runs their tests against gateways of it.
 *
 *   npm run test:consumers [-- NAME ...]
 *
 * CONSUMERS_FOLDER names a folder that is kept, and used again without another npm ci.
 */
import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { openStage } from './stage.ts'

const here = import.meta.dirname
const names = globSync('*/package.json', { cwd: here }).map(dirname).sort()
const atOnce = 2
/** Milliseconds after which an installation or the tests of a client are given up. */
const longest = 150_000

const say = (text: string) => process.stdout.write(`${text}\n`)
const seconds = (since: number) => `${((performance.now() - since) / 1_000).toFixed(1)} s`
const started = performance.now()

const given = process.argv.slice(2)
const unknown = given.filter((name) => !names.includes(name))
if (unknown.length > 0)
  throw new Error(`There is no client ${unknown.join(', ')}. The clients are ${names.join(', ')}.`)
const chosen = given.length === 0 ? names : given

const { CONSUMERS_FOLDER: kept } = process.env
const folder = kept ?? (await mkdtemp(join(tmpdir(), 'sipis-gateway-consumers-')))
try {
  const limit = pLimit(atOnce)
  const clients = Promise.all(chosen.map((name) => limit(() => install(name))))
  const [stage] = await Promise.all([installPackage().then(() => openStage(folder)), clients])
  await using _stage = stage
  say(`Everything is installed, and the gateways have started: ${seconds(started)}`)
  const passed = await Promise.all(chosen.map((name) => limit(() => check(name))))
  if (passed.includes(false)) process.exitCode = 1
} finally {
  if (kept === undefined) await rm(folder, { recursive: true, force: true })
}
say(`${chosen.length} clients: ${seconds(started)}`)

/** Packs what is in dist/, so that it has to be built before. */
async function installPackage(): Promise<void> {
  await mkdir(folder, { recursive: true })
  await npm('.', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder)
  const [file] = globSync('sipis-gateway-*.tgz', { cwd: folder })
  if (file === undefined) throw new Error('npm pack made no file.')
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumers', private: true, type: 'module' }))
  // Beside the graphql of the package, as in a project that has graphql-codegen 7.
  await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${file}`, 'graphql@17')
  await cp(join(here, 'shared'), join(folder, 'shared'), { recursive: true })
}

async function install(name: string): Promise<void> {
  const own = join(folder, name)
  const lock = join(own, 'package-lock.json')
  const installed = existsSync(join(own, 'node_modules/.package-lock.json')) ? await readFile(lock, 'utf8') : undefined
  for (const old of globSync('*', { cwd: own, exclude: ['node_modules'] }))
    await rm(join(own, old), { recursive: true })
  await cp(join(here, name), own, { recursive: true, filter: (path) => !path.includes('node_modules') })
  if ((await readFile(lock, 'utf8')) !== installed) await npm(own, 'ci', '--prefer-offline', '--no-audit', '--no-fund')
}

/** Whether the tests of a client pass. */
async function check(name: string): Promise<boolean> {
  const begun = performance.now()
  try {
    await npm(join(folder, name), 'test')
    say(`✓ ${name}: ${seconds(begun)}`)
    return true
  } catch (error) {
    const { stdout = '', stderr = '' } = { ...Object(error) }
    say(`✗ ${name}: ${seconds(begun)}\n${error instanceof Error ? error.message : ''}\n${stdout}${stderr}`)
    return false
  }
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('npm', args, { cwd, maxBuffer: 100_000_000, timeout: longest })
}
