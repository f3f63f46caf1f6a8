/** A headless Chromium for tests, from an npm package, unpacked into a temporary folder. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser
}

const inCi = !['', 'false'].includes(process.env['CI'] ?? '')

/** How a browser differs from the usual one. */
export interface BrowserOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts the browser that CHROMIUM_PATH names, or the packaged one (Linux on x64).
 *
 * @returns undefined if no browser can be started, after printing the reason
 * @throws in CI, so that no check is skipped there
 */
export async function openBrowser(options: BrowserOptions = {}): Promise<TestBrowser | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-browser-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const browser = await launch(folder, options)
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

async function launch(folder: string, { args = [], env: more = {} }: BrowserOptions): Promise<Browser> {
  const installed = process.env['CHROMIUM_PATH']
  const { executablePath, env } = installed === undefined ? await unpack(folder) : { executablePath: installed }
  return chromium.launch({
    executablePath,
    env: { ...defined(process.env), TMPDIR: folder, HOME: folder, ...env, ...more },
    args: ['--no-sandbox', '--disable-gpu', '--no-zygote', ...args],
  })
}

interface Unpacked {
  readonly executablePath: string
  readonly env: Record<string, string>
}

/** A minimal system lacks libnss3 and fonts. The package contains both, but installs them only on AWS. */
async function unpack(folder: string): Promise<Unpacked> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`the packaged Chromium is for Linux on x64, and this is ${process.platform} on ${process.arch}`)
  }
  // The package unpacks into TMPDIR.
  const before = process.env['TMPDIR'] ?? tmpdir()
  process.env['TMPDIR'] = folder
  try {
    const { default: packaged, inflate } = await import('@sparticuz/chromium')
    const archive = new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'))
    const [executablePath, libraries] = await Promise.all([packaged.executablePath(), inflate(fileURLToPath(archive))])
    // Without a fontconfig configuration, the browser exits at the first character that its font lacks.
    const fonts = join(folder, 'fonts.conf')
    await writeFile(fonts, `<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/cache</cachedir></fontconfig>`)
    return { executablePath, env: { LD_LIBRARY_PATH: join(libraries, 'lib'), FONTCONFIG_FILE: fonts } }
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
