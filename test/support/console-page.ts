/** A page of the console in a browser, with all that must not happen on it. */
import { readFileSync } from 'node:fs'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'

export interface ConsolePage extends AsyncDisposable {
  readonly page: Page
  /** Console messages, errors, refusals of the policy, and requests of other hosts. */
  readonly complaints: string[]
  /**
   * Rules of axe that the page breaks, with the elements.
   *
   * @param rules undefined for all
   */
  findings(rules?: readonly string[]): Promise<readonly string[]>
  /** How many pixels the page is wider than the window. */
  excessWidth(): Promise<number>
}

const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

export async function openConsolePage(browser: Browser, url: string): Promise<ConsolePage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: 'Europe/Prague' })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) complaints.push(request.url())
  })
  return {
    page,
    complaints,
    async findings(rules) {
      // Through the debugger, which the policy of the page does not bind.
      await page.evaluate(`globalThis.axe === undefined && (() => { ${axe} })()`)
      const options = JSON.stringify(rules === undefined ? {} : { runOnly: rules })
      const { violations } = await page.evaluate<AxeResults>(`axe.run(${options})`)
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
    },
    excessWidth: () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    [Symbol.asyncDispose]: () => context.close(),
  }
}
