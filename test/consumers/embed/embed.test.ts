/** The gateway in a server of one's own. Its types are checked without skipLibCheck. */
import { deepStrictEqual, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { Authenticate, LogEntry } from 'sipis-gateway'
import { ExpiredCredential, openGateway, Problem } from 'sipis-gateway'
import { stage } from '../shared/stage.ts'

/** A session of the embedding program. */
const auth: Authenticate = async (authorization) => {
  if (authorization === 'Bearer old') throw new ExpiredCredential()
  if (authorization !== 'Bearer phone') throw new Error('unknown session')
  return { id: 'session:1', name: 'phone', scopes: ['sipis:own'], selector: stage.selector }
}

const ask = async (url: string, query: string, credential: string) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query }),
  })
  const answer: { data?: unknown; errors?: { extensions: { code: string; reason?: string } }[] } = JSON.parse(
    await response.text(),
  )
  return answer
}

test('A server of one’s own answers by its own sessions', async () => {
  const entries: LogEntry[] = []
  await using gateway = await openGateway({
    databaseUrl: stage.settings['DATABASE_URL'] ?? '',
    settings: { SIPIS_TIME_ZONE: 'UTC', AUDIT_LOG: 'off' },
    auth,
    limits: { cost: 1_000 },
    allowWritableRole: true,
    log: (entry) => void entries.push(entry),
  })
  const server = createServer((request, response) => {
    if (request.url === '/own') response.end('own route')
    else gateway.handle(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const origin = `http://127.0.0.1:${address.port}`
  try {
    deepStrictEqual(await (await fetch(`${origin}/own`)).text(), 'own route')
    const url = `${origin}/graphql`
    const query = '{ viewer { name selector { name calls(first: 0) { totalCount } } } }'
    deepStrictEqual(await ask(url, query, 'phone'), {
      data: { viewer: { name: 'phone', selector: { name: stage.selector, calls: { totalCount: stage.calls } } } },
    })
    const reasons = await Promise.all(['old', 'other'].map((credential) => ask(url, query, credential)))
    deepStrictEqual(
      reasons.map(({ errors }) => errors?.[0]?.extensions.reason),
      ['EXPIRED', 'INVALID'],
    )
    deepStrictEqual(
      entries.filter(({ level }) => level === 'error'),
      [],
    )
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

test('What is missing is said in a Problem', async () => {
  await rejects(openGateway({ auth: 'open' }), Problem)
})
