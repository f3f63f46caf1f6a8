import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../src/auth/principal.ts'
import { createAudit } from '../../src/http/operations/audit.ts'
import { openBrowser } from '../support/browser.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { ConsolePage } from '../support/console-page.ts'
import { openConsolePage } from '../support/console-page.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader } from '../support/database.ts'
import { authenticateAs, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'

/** Where LC_ALL is C, browsers report a locale that Intl refuses. */
const chromium = await openBrowser({ args: ['--lang=en-US@posix'], env: { LC_ALL: 'C', LANGUAGE: 'en-US@posix' } })
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

describe.skipIf(chromium === undefined)('The console in a browser', () => {
  let own: TestDatabase
  let target: { version: 'V2'; sql: TestDatabase['sql'] }
  let open: Client
  let closed: Client
  const audited: string[] = []
  const principals: Principal[] = [
    tool('reader', 'sipis:read'),
    tool('lead', 'sipis:read', 'sipis:tokens', 'sipis:settings'),
  ]
  const pages: ConsolePage[] = []

  const visit = async (path: string, { url }: Client = open, look = {}) => {
    if (chromium === undefined) throw new Error('No browser')
    const made = await openConsolePage(chromium.browser, url, look)
    pages.push(made)
    await made.page.goto(`${url}/console${path}`)
    return made
  }
  const signIn = async ({ page }: ConsolePage, credential: string) => {
    await page.getByLabel('API key or JSON Web Token').fill(credential)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  beforeAll(async () => {
    own = await cloneDatabase('V2')
    target = { version: 'V2', sql: own.sql }
    for (const number of [1, 2]) await addSelector(target, number, { lastseen: minutesAgo(30) })
    await addRow(target, 'tokens', 1, {
      rowid: 1,
      token: 'c2VjcmV0',
      appid: 'com.example.phone',
      lastseen: minutesAgo(60),
    })
    const [started, concluded] = [minutesAgo(120), new Date(Date.now() - 120 * 60_000 + 1_200).toISOString()]
    await addRow(target, 'pushtests', 1, { rowid: 1, platform: 'iOS', pushid: 'p1', started, concluded })
    for (let row = 1; row <= 45; row++) {
      const caller = { scheme: 'sip', username: '+420601234567', domain: 'pbx.example.org', callid: `call-${row}@pbx` }
      await addRow(target, 'sipcalls', 1, { rowid: row, ...caller, time: minutesAgo(row * 100) })
    }
    const name = 'Bank\u202e\u0007'
    await addRow(target, 'sipcalls', 2, {
      rowid: 100,
      scheme: 'sip',
      userdisplayname: name,
      username: 'eve',
      time: minutesAgo(9),
    })
    const authenticate = authenticateAs(principals)
    const audit = createAudit(pino({ base: null }, { write: (line: string) => audited.push(line) }), 'key')
    open = await openClient(openReader(own.url), { hasConsole: true })
    closed = await openClient(openReader(own.url), {
      hasConsole: true,
      audit,
      allowedSettings: ['username'],
      authenticate: (authorization) => authenticate(authorization),
    })
  })
  beforeEach(async () => {
    for (const page of pages.splice(0)) {
      expect(page.complaints.filter((text) => !/status of 40[139]|status of 429/.test(text))).toEqual([])
      await page[Symbol.asyncDispose]()
    }
  })
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]()
    await open?.[Symbol.asyncDispose]()
    await closed?.[Symbol.asyncDispose]()
    await own?.[Symbol.asyncDispose]()
  })

  const verdict = ({ page }: ConsolePage) => page.getByRole('region', { name: 'Verdict' })

  it('goes from the search to the verdict by a key, a paste and Enter', async () => {
    const made = await visit('')
    await made.page.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(await made.page.evaluate(() => navigator.language)).toMatch(/posix/i)
    await made.page.keyboard.press('/')
    await made.page.keyboard.insertText(selectorNamed(1))
    await made.page.keyboard.press('Enter')
    await verdict(made).getByText('The last push test was answered 2 h ago in 1.2 s.').waitFor()
    expect(await made.page.title()).toBe('Installation 00000001 · SIPIS console')
  })

  it('opens a single hit at once, and leads back to the page before the search', async () => {
    const made = await visit('')
    for (const text of ['00000001', '601 234 567']) {
      await made.page.getByRole('searchbox').fill(text)
      await made.page.keyboard.press('Enter')
      await verdict(made).waitFor()
      expect(new URL(made.page.url()).pathname).toBe(`/console/selectors/${selectorNamed(1)}`)
      await made.page.goBack()
      await made.page.getByRole('heading', { name: 'Overview' }).waitFor()
    }
  })

  it('shows several hits as rows, which j, k and Enter open', async () => {
    const made = await visit('/search?q=12869E0E')
    const rows = made.page.locator('[data-row] a')
    await rows.nth(1).waitFor()
    for (const key of ['j', 'j', 'k', 'j', 'Enter']) await made.page.keyboard.press(key)
    await verdict(made).waitFor()
  })

  it('says why nothing was found', async () => {
    const { page } = await visit('/search?q=nobody')
    await page.getByText('Nothing is stored for “nobody”.').waitFor()
    await page.goto(`${open.url}/console/selectors/nobody`)
    await page.getByText('SIPIS has no such selector.').waitFor()
  })

  it('reads older pages of the timeline to the end', async () => {
    const { page } = await visit(`/selectors/${selectorNamed(1)}`)
    const events = page.locator('.timeline li')
    const older = page.getByRole('button', { name: 'Older' })
    const end = page.getByText('This is all that is stored.')
    for (;;) {
      await older.or(end).waitFor()
      if (await end.isVisible()) break
      await older.click()
    }
    expect(await events.count()).toBe(46)
    const texts = await events.locator('time').allTextContents()
    expect(texts).toEqual(texts.toSorted().reverse())
  })

  it('shows what is stored as it comes', async () => {
    const { page } = await visit(`/selectors/${selectorNamed(2)}`)
    await page.getByText('Live', { exact: true }).waitFor()
    await addRow(target, 'sipcalls', 2, { rowid: 200, scheme: 'sip', username: 'newcomer', time: minutesAgo(0) })
    await page.getByText('sip:newcomer').waitFor()
  })

  it('shows the invisible characters of a caller, and keeps its direction to itself', async () => {
    const { page } = await visit(`/selectors/${selectorNamed(2)}`)
    const name = page.locator('.timeline bdi').filter({ hasText: 'Bank' })
    expect(await name.textContent()).toBe('BankU+202EU+0007')
  })

  it('has keys that can be switched off', async () => {
    const { page } = await visit('')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByLabel('Keys without Ctrl are on').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    expect(await page.getByRole('dialog').isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Help and keys' }).click()
    await page.getByRole('dialog').getByLabel('Keys without Ctrl are on').check()
  })

  it('signs in where the user wanted to go, and keeps the credential in memory alone', async () => {
    const made = await visit(`/selectors/${selectorNamed(1)}`, closed)
    const { page } = made
    await signIn(made, 'wrong')
    await page.getByText('The gateway does not accept this credential.').waitFor()
    await signIn(made, 'reader')
    await verdict(made).waitFor()
    const kept = await page.evaluate(() =>
      JSON.stringify([localStorage, sessionStorage, document.cookie, history.state]),
    )
    expect(kept + page.url()).not.toContain('reader')
    await page.reload()
    await page.getByLabel('API key or JSON Web Token').waitFor()
    expect(new URL(page.url()).pathname).toBe(`/console/selectors/${selectorNamed(1)}`)
  })

  it('names the scope that is missing, and shows the rest', async () => {
    const made = await visit(`/selectors/${selectorNamed(1)}`, closed)
    await signIn(made, 'reader')
    await verdict(made).waitFor()
    await made.page.getByText('It needs the scope sipis:settings.').waitFor()
    await made.page.getByRole('button', { name: /Reveal/ }).click()
    await made.page.getByText('It needs the scope sipis:tokens.').waitFor()
  })

  it('asks for a new credential where the old one ends, and goes on at the same place', async () => {
    principals.push(tool('leaver', 'sipis:read'))
    const leaving = authenticateAs([...principals])
    let isGone = false
    const own2 = await openClient(openReader(own.url), {
      hasConsole: true,
      authenticate: (authorization) => (isGone ? authenticateAs([tool('new', 'sipis:read')]) : leaving)(authorization),
    })
    const made = await visit(`/selectors/${selectorNamed(1)}`, own2)
    await signIn(made, 'leaver')
    await verdict(made).waitFor()
    isGone = true
    await made.page.getByRole('button', { name: 'Older' }).click()
    await signIn(made, 'new')
    await verdict(made).waitFor()
    await made.page.close()
    await own2[Symbol.asyncDispose]()
  })

  it('reveals a token for 30 seconds, which the audit log counts', async () => {
    const made = await visit(`/selectors/${selectorNamed(1)}`, closed)
    await made.page.clock.install()
    await signIn(made, 'lead')
    await made.page.getByRole('button', { name: /Reveal/ }).click()
    await made.page.getByText('c2VjcmV0').waitFor()
    await made.page.clock.fastForward(30_000)
    await made.page.getByText('c2VjcmV0').waitFor({ state: 'detached' })
    const lines = audited.map((line) => JSON.parse(line)).filter(({ revealedTokens }) => revealedTokens > 0)
    expect(lines).toMatchObject([{ operation: 'RevealToken', revealedTokens: 1 }])
  })

  it('counts down while the allowance is used up, then goes on', async () => {
    const limited = await openClient(openReader(own.url), { hasConsole: true, rateLimits: { costPerMinute: 1_500 } })
    const made = await visit('/search?q=12869E0E6', limited)
    await made.page.getByRole('link').first().waitFor()
    await made.page.goto(`${limited.url}/console/search?q=12869E0E`)
    await made.page.getByText(/Tries again in \d+ s/).waitFor()
    await made.page.close()
    await limited[Symbol.asyncDispose]()
  })

  const looks = [1280, 390].flatMap((width) =>
    (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })),
  )

  it.each(looks)('is accessible and fits at $width pixels, $colorScheme', async (look) => {
    const made = await visit(`/selectors/${selectorNamed(2)}`, open, look)
    await verdict(made).waitFor()
    expect([await made.findings(), await made.excessWidth()]).toEqual([[], 0])
    await made.page.goto(`${open.url}/console/search?q=12869E0E`)
    await made.page.locator('[data-row]').first().waitFor()
    expect([await made.findings(), await made.excessWidth()]).toEqual([[], 0])
    const gate = await visit('', closed, look)
    await gate.page.getByLabel('API key or JSON Web Token').waitFor()
    expect([await gate.findings(), await gate.excessWidth()]).toEqual([[], 0])
  })
})
