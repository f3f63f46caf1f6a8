import { readFile } from 'node:fs/promises'
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

  const visit = async (path: string, { url }: Client = open) => {
    if (chromium === undefined) throw new Error('No browser')
    const made = await openConsolePage(chromium.browser, url)
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
    for (const [name, value] of Object.entries({ username: 'alice', host: 'sip.example.com' }))
      await own.sql('INSERT INTO data (selector, name, value) VALUES ($1, $2, $3)', [selectorNamed(2), name, value])
    for (let row = 2; row < 10; row++) {
      const answered = row < 4 ? minutesAgo(row * 60) : null
      const test = { platform: 'Android', pushid: `p${row}`, started: minutesAgo(row * 60), concluded: answered }
      await addRow(target, 'pushtests', 2, { rowid: row, ...test })
    }
    await own.sql(`INSERT INTO restart (selector, name, value) VALUES ($1, 'server', 'Sipis1')`, [selectorNamed(1)])
    const authenticate = authenticateAs(principals)
    const audit = createAudit(pino({ base: null }, { write: (line: string) => audited.push(line) }), 'key')
    open = await openClient(openReader(own.url), { hasConsole: true })
    closed = await openClient(openReader(own.url), {
      hasConsole: true,
      audit,
      allowedSettings: ['username', 'host'],
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

  it('finds an account by its user name and host', async () => {
    const made = await visit('/search?q=alice@sip.example.com', closed)
    await signIn(made, 'lead')
    await verdict(made).waitFor()
    await made.page.getByText('sip.example.com').waitFor()
    expect(new URL(made.page.url()).pathname).toBe(`/console/selectors/${selectorNamed(2)}`)
  })

  it('shows several hits as rows, which j, k and Enter open', async () => {
    const made = await visit('')
    await made.page.getByRole('heading', { name: 'Overview' }).waitFor()
    await made.page.keyboard.press('/')
    await made.page.keyboard.insertText('12869E0E')
    await made.page.keyboard.press('Enter')
    await made.page.locator('.rows [data-row]').nth(1).waitFor()
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
    const end = page.getByText('This is all that is stored')
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

  it('shows on the overview what needs attention, and leads to the list that shows it', async () => {
    const { page } = await visit('')
    await page.getByRole('link', { name: 'Android: 25 % of 8 pushes answered in time.' }).click()
    await page.locator('[data-row]').first().waitFor()
    expect(new URL(page.url()).search).toBe('?span=7d&outcome=unanswered&platform=Android')
    expect(await page.locator('.rows [data-row]').count()).toBe(6)
    expect(await page.getByLabel('Outcome').inputValue()).toBe('unanswered')
  })

  it('has a table beside each chart, with the numbers of the chart', async () => {
    const { page } = await visit('/?span=24h')
    const calls = page.locator('section').filter({ hasText: 'Missed calls, 24 hours' })
    await calls.getByText('Table').click()
    const cells = (await calls.locator('tbody td:last-child').allTextContents()).map(Number)
    const { callStats } = await open.ask(
      'query ($since: DateTime!, $until: DateTime!) { callStats(since: $since, until: $until, by: []) { totalCount } }',
      { since: new Date(Math.floor(Date.now() / 3_600_000 - 23) * 3_600_000).toISOString(), until: minutesAgo(0) },
    )
    expect([cells.length, cells.reduce((sum, cell) => sum + cell, 0)]).toEqual([24, callStats.totalCount])
    expect(await calls.locator('rect[class^="reason-"]').count()).toBeGreaterThan(0)
  })

  it('has labels of times that do not cover one another, on a phone as well', async () => {
    const { page } = await visit('/?span=24h')
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 900 })
      const figure = page.locator('figure').first()
      await figure.locator('.bucket').nth(1).waitFor()
      // Charts follow the width a moment later.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
      const boxes = await figure
        .locator('.bucket')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, right }) => [left, right]))
      for (const [place, [left = 0]] of boxes.entries())
        expect(left).toBeGreaterThan(place === 0 ? 0 : (boxes[place - 1]?.[1] ?? 0))
      expect(boxes.at(-1)?.[1]).toBeLessThanOrEqual(width)
    }
  })

  it('says why a SIPIS process has no numbers of its own', async () => {
    const { page } = await visit('')
    await page.getByText('What a process says itself is missing: the gateway has no address of it').waitFor()
  })

  it('shows which app a hit has, or that no push can reach it', async () => {
    const { page } = await visit('/search?q=12869E0E')
    const rows = page.locator('.rows [data-row]')
    await rows.nth(1).waitFor()
    expect((await rows.allTextContents()).toSorted()).toEqual([
      expect.stringMatching(/:00000001.*com\.example\.phone/),
      expect.stringMatching(/:00000002.*no push token/),
    ])
  })

  it('says that users cannot be searched for where the operator does not allow their settings', async () => {
    const { page } = await visit('/search?q=nobody')
    await page.getByText('The user of an account cannot be searched for').waitFor()
    const allowed = await visit('/search?q=nobody', closed)
    await signIn(allowed, 'lead')
    await allowed.page.getByText('Nothing is stored for “nobody”.').waitFor()
    expect(await allowed.page.getByText('cannot be searched for').count()).toBe(0)
  })

  it('shows on a phone who it is before the timeline', async () => {
    const { page } = await visit(`/selectors/${selectorNamed(1)}`)
    await page.setViewportSize({ width: 390, height: 844 })
    await page.locator('.timeline li').first().waitFor()
    const titles = await page.locator('main h2').allTextContents()
    expect(titles.slice(1)).toEqual([
      'Missed calls of the last 7 days',
      'Account',
      'Push tokens',
      'Other installations of the account',
      'Timeline',
    ])
    const tops = await page.locator('main h2').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top))
    expect(tops).toEqual(tops.toSorted((a, b) => a - b))
  })

  it('counts the callers with the most missed calls when that is asked for', async () => {
    const { page } = await visit('/?span=30d')
    await page.getByRole('heading', { name: 'Callers with the most missed calls, 30 days' }).waitFor()
    await page.getByRole('button', { name: 'Count them' }).click()
    await page.getByRole('link', { name: /^45 calls/ }).click()
    await page.locator('.rows li').nth(44).waitFor()
  })

  it('offers a shorter span where one is too costly', async () => {
    const small = await openClient(openReader(own.url), { hasConsole: true, limits: { cost: 12_000 } })
    const { page, complaints } = await visit('/?span=30d', small)
    await page.getByRole('link', { name: 'Show 7 days' }).first().click()
    await page.getByRole('heading', { name: 'Missed calls, 7 days', exact: true }).waitFor()
    await page.close()
    // The browser notes each refusal.
    expect(complaints.splice(0).filter((text) => !/status of 400/.test(text))).toEqual([])
    await small[Symbol.asyncDispose]()
  })

  it('keeps filters in the address, and saves the list as CSV without formulas', async () => {
    const { page } = await visit('/calls')
    await page.getByRole('textbox', { name: 'Caller' }).fill('eve')
    await page.keyboard.press('Enter')
    await page.waitForURL(/caller=eve/)
    await page.locator('.rows li').first().waitFor()
    expect(await page.locator('.rows li').count()).toBe(1)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const text = await readFile(await (await saved).path(), 'utf8')
    expect(text).toContain('time (UTC),time (Europe/Prague),selector')
    expect(text).toContain(`,${selectorNamed(2)},`)
    await page.goto(`${open.url}/console/tokens?age=any`)
    await page.locator('.rows li').first().waitFor()
    expect(await page.getByText('c2VjcmV0').count()).toBe(0)
  })

  it('leads from a call to all calls of its caller', async () => {
    const { page } = await visit(`/selectors/${selectorNamed(1)}`)
    await page.getByRole('link', { name: 'all calls of this caller' }).first().click()
    await page.locator('.rows li').first().waitFor()
    expect(new URL(page.url()).searchParams.get('caller')).toBe('+420601234567@pbx.example.org')
    expect(await page.locator('.rows li').count()).toBe(45)
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
    const older = made.page.getByRole('button', { name: 'Older' })
    await older.waitFor()
    isGone = true
    await older.click()
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

  /** Colours depend on the scheme alone, so all rules are looked at once for each width. */
  const isAccessible = async (made: ConsolePage) => {
    for (const width of [1280, 390]) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await made.page.setViewportSize({ width, height: 900 })
        await made.page.emulateMedia({ colorScheme })
        const found = await made.findings(colorScheme === 'light' ? undefined : ['color-contrast'])
        expect([made.page.url(), width, colorScheme, found, await made.excessWidth()]).toEqual([
          made.page.url(),
          width,
          colorScheme,
          [],
          0,
        ])
      }
    }
  }

  it.each([
    '?span=24h',
    `/selectors/${selectorNamed(2)}`,
    '/search?q=12869E0E',
    '/calls',
    '/push-tests',
    '/tokens?age=any',
  ])('is accessible and fits on phones, dark and light: %s', async (path) => {
    const made = await visit(path)
    await made.page.locator('[data-row], .timeline li').first().waitFor()
    for (const summary of await made.page.locator('summary').all()) await summary.click()
    await isAccessible(made)
  })

  it('is accessible where it asks for a credential', async () => {
    const made = await visit('', closed)
    await made.page.getByLabel('API key or JSON Web Token').waitFor()
    await isAccessible(made)
  })
})
