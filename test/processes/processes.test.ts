import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { askProcess } from '../../src/processes/ask.ts'
import { createProcesses } from '../../src/processes/processes.ts'
import { untilTestEnds } from '../support/database.ts'
import { freePort } from '../support/postgres.ts'
import { summary } from '../support/sipis-process.ts'

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  untilTestEnds({
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answering = (body: string, status = 200) => listening((_, response) => response.writeHead(status).end(body))

describe('A SIPIS process', () => {
  it('says what it has in memory', async () => {
    const paths: unknown[] = []
    const origin = await listening(({ url }, response) => {
      paths.push(url)
      response.end(JSON.stringify(summary('Sipis1')))
    })
    expect(await askProcess(origin)).toEqual({
      summary: {
        name: 'Sipis1',
        version: '4.1.2',
        uptimeSeconds: 86_400,
        queueLength: 3,
        instances: 120,
        idle: 5,
        registered: 100,
        registering: 4,
        unauthorized: 6,
        inError: 5,
      },
    })
    expect(paths).toEqual(['/stats/summary/json'])
  })

  it('may leave parts out, and say others in another form', async () => {
    const odd = { Server: { Name: ' ', UptimeInSeconds: 'long' }, Instance: { Count: 1e300, CountInState: [] } }
    const { summary: found } = { summary: undefined, ...(await askProcess(await answering(JSON.stringify(odd)))) }
    expect(found).toMatchObject({
      name: null,
      version: null,
      uptimeSeconds: null,
      instances: 2_147_483_647,
      idle: null,
    })
  })

  it.each([
    ['an error', '{}', 500, 'it answers with the HTTP status 500'],
    ['a redirection', '', 302, 'it answers with the HTTP status 302'],
    ['text', 'hello', 200, 'its answer is not the summary of a SIPIS'],
    ['other JSON', '{"Server":{}}', 200, 'its answer is not the summary of a SIPIS'],
    ['an endless list', `[${'1,'.repeat(100_000)}1]`, 200, 'its answer is not the summary of a SIPIS'],
  ])('that answers with %s has a problem', async (_, body, status, problem) => {
    expect(await askProcess(await answering(body, status))).toEqual({ problem })
  })

  it('that is slow, silent, endless, down or closes the connection has a problem', async () => {
    const problems = await Promise.all([
      askProcess(await listening(() => undefined), 200),
      askProcess(await listening((_, response) => response.write('{')), 200),
      askProcess(
        await listening((_, response) => {
          const timer = setInterval(() => response.write(' '.repeat(10_000)), 1)
          response.on('close', () => clearInterval(timer))
        }),
      ),
      askProcess(`http://127.0.0.1:${await freePort()}`),
      askProcess(await listening(({ socket }) => socket.destroy())),
    ])
    expect(problems).toEqual([
      { problem: 'no answer within 0.2 seconds' },
      { problem: 'no answer within 0.2 seconds' },
      { problem: 'its answer is not the summary of a SIPIS' },
      { problem: 'ECONNREFUSED' },
      { problem: expect.stringMatching(/SOCKET|ECONNRESET|closed/) },
    ])
  })

  it('is asked once for all that ask within some seconds, all processes at once', async () => {
    let asked = 0
    const origin = await listening((_, response) => {
      asked++
      setTimeout(() => response.end(JSON.stringify(summary('Sipis1'))), 50)
    })
    const processes = createProcesses([origin, origin])
    await Promise.all(Array.from({ length: 10 }, processes))
    expect(asked).toBe(2)
  })
})
