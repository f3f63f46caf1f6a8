/** Takes the pictures of docs/console.md from a gateway that serves the demo: npm start & node scripts/screenshots.ts */
import { mkdirSync } from 'node:fs'
import { openBrowser } from '../test/support/browser.ts'

const [url = 'http://127.0.0.1:4000'] = process.argv.slice(2)
const folder = 'docs/console'

const pictures = [
  { name: 'overview', path: '/?span=7d', width: 1280, height: 1250, colorScheme: 'light' },
  { name: 'selector', path: '/selector', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'push-tests', path: '/push-tests?outcome=unanswered', width: 1280, height: 620, colorScheme: 'light' },
  { name: 'phone', path: '/selector', width: 390, height: 844, colorScheme: 'light' },
] as const

await using opened = await openBrowser()
if (opened === undefined) throw new Error('No browser runs here.')
mkdirSync(folder, { recursive: true })
const answer = await fetch(`${url}/graphql`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: '{ selectors(first: 1) { nodes { name } } }' }),
})
const { data } = await answer.json()
for (const { name, path, width, height, colorScheme } of pictures) {
  const page = await opened.browser.newPage({ viewport: { width, height }, colorScheme })
  await page.goto(`${url}/console${path.replace('/selector', `/selectors/${data.selectors.nodes[0].name}`)}`)
  await page.locator('[data-row], .timeline li').first().waitFor()
  await page.waitForLoadState('load')
  await page
    .getByText(/^Reads /)
    .first()
    .waitFor({ state: 'detached' })
  await page.screenshot({ path: `${folder}/${name}.png` })
  await page.close()
}
