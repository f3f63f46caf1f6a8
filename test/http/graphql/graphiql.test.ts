import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { selectorName } from '../../../src/tools/demo/data-set.ts'
import { openBrowser } from '../../support/browser.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { addDataSet } from '../../support/rows.ts'

const chromium = await openBrowser()

describe.skipIf(chromium === undefined)('GraphiQL in a browser', () => {
  let own: TestDatabase
  let database: Database
  let client: Client
  let page: Page
  const foreign: string[] = []
  const errors: string[] = []

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    await addDataSet({ version: 'V2', sql: own.sql }, { selectors: 5 })
    database = openReader(own.url)
    const example = { selector: selectorName(1, 0), username: '</script><script>throw new Error("injected")</script>' }
    client = await openClient(database, { example })
    if (chromium === undefined) return
    page = await chromium.browser.newPage()
    page.setDefaultTimeout(10_000)
    page.on('request', (request) => {
      const url = request.url()
      if (!(url.startsWith(client.url) || /^(data|blob):/.test(url))) foreign.push(url)
    })
    page.on('console', (message) => {
      if (message.type() === 'error' || /Content.Security.Policy/i.test(message.text())) errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(`${client.url}/`)
  })
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]()
    await client?.[Symbol.asyncDispose]()
    await database?.close()
    await own?.[Symbol.asyncDispose]()
  })

  it.each(['Overview', 'History', 'CallsOf', 'Undelivered', 'About'])('runs its sample query %s', async (name) => {
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

  it('shows the selector of the caller', async () => {
    expect(await page.title()).toBe('sipis-gateway')
  })

  it('has a policy that prevents other scripts and other connections', async () => {
    const answer = await fetch(`${client.url}/graphql`, { headers: { accept: 'text/html' } })
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(
      /default-src 'none'; script-src 'sha256-[\w+/]{43}='; .*connect-src 'self'; .*frame-ancestors 'none'/,
    )
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe|https?:/)
    const etag = answer.headers.get('etag') ?? ''
    const again = await fetch(`${client.url}/graphql`, { headers: { accept: 'text/html', 'if-none-match': etag } })
    expect([again.status, await again.text(), answer.headers.get('cache-control')]).toEqual([
      304,
      '',
      'private, no-cache',
    ])
  })

  it('connects only to the gateway, without an error', () => {
    expect(foreign).toEqual([])
    expect(errors).toEqual([])
  })
})
