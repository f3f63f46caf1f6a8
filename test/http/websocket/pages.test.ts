/** Which web pages may open a WebSocket, in a real browser. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../../support/browser.ts'
import type { Client } from '../../support/client.ts'
import { openClient } from '../../support/client.ts'
import type { Opened } from '../../support/database.ts'
import { backends } from '../../support/database.ts'
import { addSelector } from '../../support/rows.ts'
import { transport } from '../../support/sockets.ts'

const chromium = await openBrowser()

describe.skipIf(chromium === undefined)('A page in a browser', () => {
  let opened: Opened
  let client: Client
  let listing: Client
  const pages = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>A page'))
  let foreign: string

  beforeAll(async () => {
    opened = (await backends[0]?.open()) ?? expect.unreachable()
    await addSelector(opened, 1)
    pages.listen(0, '127.0.0.1')
    await once(pages, 'listening')
    const address = pages.address()
    foreign = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    client = await openClient(opened.database)
    listing = await openClient(opened.database, { corsOrigins: [foreign] })
  })
  afterAll(async () => {
    pages.close()
    await chromium?.[Symbol.asyncDispose]()
    await client?.[Symbol.asyncDispose]()
    await listing?.[Symbol.asyncDispose]()
    await opened?.[Symbol.asyncDispose]()
  })

  /** What a script of the page is answered, or why not. */
  async function answerTo(page: string, { url }: Client): Promise<unknown> {
    const tab = await (chromium?.browser ?? expect.unreachable()).newPage()
    try {
      await tab.goto(page)
      return await tab.evaluate(
        ([to = '', protocol]) =>
          new Promise((resolve) => {
            const socket = new WebSocket(to, protocol)
            const send = (message: object) => socket.send(JSON.stringify(message))
            socket.onopen = () => send({ type: 'connection_init' })
            socket.onclose = ({ code }) => resolve(code)
            socket.onmessage = ({ data }) => {
              const { type, payload } = JSON.parse(data)
              if (type === 'connection_ack')
                send({ type: 'subscribe', id: 'a', payload: { query: '{ viewer { name } }' } })
              else resolve(payload)
            }
          }),
        [`${url.replace('http', 'ws')}/graphql`, transport],
      )
    } finally {
      await tab.close()
    }
  }

  it('of the gateway may ask over a WebSocket, one of another origin only if it is listed', async () => {
    const answer = { data: { viewer: { name: 'open' } } }
    expect(await answerTo(`${client.url}/graphql`, client)).toEqual(answer)
    expect(await answerTo(foreign, client)).toBe(1006)
    expect(await answerTo(foreign, listing)).toEqual(answer)
  })
})
