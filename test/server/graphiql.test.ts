import { pino } from 'pino'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { selectorName } from '../../src/demo/data-set.ts'
import { createGateway } from '../../src/server/gateway.ts'
import type { Listening } from '../../src/server/listen.ts'
import { listen } from '../../src/server/listen.ts'
import { detect } from '../../src/versions/detect.ts'
import type { TestBrowser } from '../support/browser.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { addDataSet } from '../support/rows.ts'

describe.skipIf(!hasBrowser)('GraphiQL in a browser', () => {
  let own: TestDatabase
  let database: Database
  let server: Listening
  let chromium: TestBrowser
  let page: Page
  const foreign: string[] = []
  const errors: string[] = []

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 5 })
    database = openReader(own.url)
    const example = { selector: selectorName(1, 0), username: '</script><script>throw new Error("injected")</script>' }
    const logger = pino({ level: 'silent' })
    server = await listen(
      createGateway({ database, detected: await detect(database), timeZone: 'UTC', logger, example }),
      '127.0.0.1',
      0,
    )
    chromium = await openBrowser()
    page = await chromium.browser.newPage()
    page.setDefaultTimeout(10_000)
    page.on('request', (request) => {
      const url = request.url()
      if (!(url.startsWith(server.url) || /^(data|blob):/.test(url))) foreign.push(url)
    })
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(`${server.url}/`)
  })
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]()
    await server?.close(1_000)
    await database?.close()
    await own?.[Symbol.asyncDispose]()
  })

  it.each(['Overview', 'History', 'CallsOf', 'Undelivered', 'About'])('runs its ready query %s', async (name) => {
    const answered = page.waitForResponse((response) =>
      (response.request().postData() ?? '').includes(`"operationName":"${name}"`),
    )
    await page.getByRole('button', { name: /execute query/i }).click()
    await page.getByRole('menuitem', { name }).click()
    const { data, errors } = await (await answered).json()
    expect(errors).toBeUndefined()
    const [first] = Object.keys(data)
    await page.locator('.result-window').getByText(`"${first}"`).first().waitFor()
  })

  it('says whose page it is', async () => {
    expect(await page.title()).toBe('sipis-gateway')
  })

  it('asks nobody but the gateway, and has no error', () => {
    expect(foreign).toEqual([])
    expect(errors).toEqual([])
  })
})
