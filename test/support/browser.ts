/** A real browser for the tests: a headless Chromium that an npm package carries, unpacked into a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser
}

const inCi = !['', 'false'].includes(process.env['CI'] ?? '')

/**
 * Starts the browser that CHROMIUM_PATH names, or the packaged one (Linux on x64).
 *
 * @returns undefined where no browser runs, after a line that says why
 * @throws in CI, so that no check is left out there
 */
export async function openBrowser(): Promise<TestBrowser | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-browser-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const browser = await launch(folder)
    return {
      browser,
      async [Symbol.asyncDispose]() {
        await browser.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    if (inCi) throw error
    process.stderr.write(
      `The browser tests are left out, because no browser runs here: ${firstLineOf(error)}\n` +
        'Set CHROMIUM_PATH to the path of an installed Chromium to run them.\n',
    )
    return undefined
  }
}

async function launch(folder: string): Promise<Browser> {
  const installed = process.env['CHROMIUM_PATH']
  const { executablePath, libraries } = installed === undefined ? await unpack(folder) : { executablePath: installed }
  const libraryPath = [libraries, process.env['LD_LIBRARY_PATH']].filter((path) => path !== undefined).join(':')
  return chromium.launch({
    executablePath,
    env: { ...defined(process.env), TMPDIR: folder, HOME: folder, LD_LIBRARY_PATH: libraryPath },
    args: ['--no-sandbox', '--disable-gpu', '--no-zygote'],
  })
}

interface Unpacked {
  readonly executablePath: string
  readonly libraries: string
}

/** The package brings libnss3 and libnspr4, which a minimal system lacks, but unpacks them by itself only on AWS. */
async function unpack(folder: string): Promise<Unpacked> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the packaged Chromium is for Linux on x64, and this is ${process.platform} on ${process.arch}`)
  }
  // The package unpacks into TMPDIR. Its own one font is not used: the browser ends at the first character that it lacks.
  const before = process.env['TMPDIR'] ?? tmpdir()
  process.env['TMPDIR'] = folder
  try {
    const { default: packaged, inflate } = await import('@sparticuz/chromium')
    const archive = new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))
    const [executablePath, unpacked] = await Promise.all([packaged.executablePath(), inflate(fileURLToPath(archive))])
    return { executablePath, libraries: join(unpacked, 'lib') }
  } finally {
    process.env['TMPDIR'] = before
  }
}

function firstLineOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}

function defined(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
