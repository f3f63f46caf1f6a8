import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../src/database/database.ts'
import { selectorName } from '../../../src/tools/demo/data-set.ts'
import { openBrowser } from '../../support/browser.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, openReader } from '../../support/database.ts'
import { authenticateAs, tool } from '../../support/principals.ts'
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

  it('loads without a credential, compressed, and sends no data to such a caller', async () => {
    const authenticate = authenticateAs([tool('ops', 'sipis:ops', 'sipis:read')])
    const closed = await openClient(database, { authenticate, rateLimits: { requestsPerMinute: 400 } })
    const visit = (headers = {}) => fetch(`${closed.url}/graphql`, { headers: { accept: 'text/html', ...headers } })
    const { status, headers } = await visit({ 'accept-encoding': 'br' })
    expect([status, headers.get('content-encoding')]).toEqual([200, 'br'])
    expect(Number(headers.get('content-length'))).toBeLessThan(3_000_000)
    const known = { 'accept-encoding': 'br', 'if-none-match': headers.get('etag') ?? '' }
    expect([(await visit(known)).status, (await visit(known)).status]).toEqual([304, 304])
    expect((await visit({ authorization: 'Bearer wrong' })).status).toBe(401)
    const statuses = [await visit(), await visit(), await visit()].map((answer) => answer.status)
    // Its bytes count as requests of the address.
    expect(statuses.at(-1)).toBe(429)
    expect((await closed.answer('{ viewer { name } }')).errors?.[0]?.extensions.code).toMatch(
      /UNAUTHENTICATED|RATE_LIMITED/,
    )
    expect(closed.statements()).toEqual([])
    await closed[Symbol.asyncDispose]()
  })

  it('works in a browser once a key is entered as a header', async () => {
    if (chromium === undefined) return
    const authenticate = authenticateAs([tool('ops', 'sipis:ops', 'sipis:read')])
    const closed = await openClient(database, { authenticate })
    const own = await chromium.browser.newPage()
    await own.goto(`${closed.url}/graphql`)
    await own.getByText('This gateway answers with a credential only.').waitFor()
    await own.getByRole('button', { name: 'Headers' }).click()
    const editor = own
      .locator('[data-uri*="headers" i], section[aria-label*="Headers" i]')
      .locator('visible=true')
      .first()
    await editor.click()
    await own.keyboard.insertText('{"authorization": "Bearer ops"}')
    await own.getByRole('button', { name: /re-fetch/i }).click()
    const answered = own.waitForResponse((response) => (response.request().postData() ?? '').includes('"About"'))
    await own.getByRole('button', { name: /execute query/i }).click()
    await own.getByRole('menuitem', { name: 'About' }).click()
    expect((await (await answered).json()).data.viewer.name).toBe('ops')
    await own.close()
    await closed[Symbol.asyncDispose]()
  })

  it('connects only to the gateway, without an error', () => {
    expect(foreign).toEqual([])
    expect(errors).toEqual([])
  })
})
