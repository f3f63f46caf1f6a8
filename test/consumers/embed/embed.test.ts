/** The gateway in a server of one's own. Its types are checked without skipLibCheck. */
import { deepStrictEqual, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, describe, it, test } from 'node:test'
import type { Authenticate, GatewayOptions, LogEntry } from 'sipis-gateway'
import { ExpiredCredential, openGateway, Problem } from 'sipis-gateway'
import { failingDocuments } from '../shared/documents.ts'
import type { Seen } from '../shared/failures.ts'
import { checkFailures } from '../shared/failures.ts'
import type { GatewayName } from '../shared/gateway.ts'
import { stage } from '../shared/stage.ts'

const { reader, device, expired } = stage.credentials

/** Sessions of the embedding program, which happen to have the texts of the stage's credentials. */
const auth: Authenticate = async (authorization) => {
  switch (authorization) {
    case `Bearer ${expired}`:
      throw new ExpiredCredential()
    case `Bearer ${device}`:
      return { id: 'session:1', name: stage.selector, scopes: ['sipis:own'], selector: stage.selector }
    case `Bearer ${reader}`:
      return { id: 'session:2', name: 'reader', scopes: ['sipis:read', 'sipis:tokens'], selector: null }
    default:
      throw new Error('unknown session')
  }
}

/** Settings of a gateway of the stage, without the keys of its credentials. */
function keylessSettings(name: GatewayName): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(stage.settings[name]).filter(([key]) => !key.startsWith('AUTH_')))
}

/** A server with a route of its own beside those of the gateway. */
async function openServer(options: GatewayOptions) {
  await using stack = new AsyncDisposableStack()
  const gateway = stack.use(await openGateway({ ...options, allowWritableRole: true }))
  const server = createServer((request, response) => {
    if (request.url === '/own') response.end('own route')
    else gateway.handle(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const opened = stack.move()
  return { origin: `http://127.0.0.1:${address.port}`, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function ask(origin: string, credential: string, query: string, variables: object = {}): Promise<Seen> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors = [] }: Partial<Seen> = JSON.parse(await response.text())
  return { data, errors }
}

/** Runs every failure through servers that are opened once for each gateway of the stage. */
function checkFailuresOf(optionsOf: (name: GatewayName) => GatewayOptions): void {
  const stack = new AsyncDisposableStack()
  after(() => stack.disposeAsync())
  const origins = new Map<GatewayName, string>()
  checkFailures(async (name, { gateway, credential, variables }) => {
    const origin = origins.get(gateway) ?? stack.use(await openServer(optionsOf(gateway))).origin
    origins.set(gateway, origin)
    return ask(origin, credential, failingDocuments().get(name) ?? '', variables)
  })
}

describe('With the keys of its settings', () => {
  checkFailuresOf((name) => ({ settings: { AUDIT_LOG: 'off', ...stage.settings[name] } }))
})

describe('With sessions of its own', () => {
  checkFailuresOf((name) => ({ settings: { AUDIT_LOG: 'off', ...keylessSettings(name) }, auth }))

  it('answers, and logs no error', async () => {
    const entries: LogEntry[] = []
    const { DATABASE_URL: databaseUrl = '', ...settings } = keylessSettings('api')
    const log = (entry: LogEntry) => void entries.push(entry)
    const limits = { cost: 1_000 }
    const options = { databaseUrl, settings: { AUDIT_LOG: 'off', ...settings }, auth, limits, log }
    await using server = await openServer(options)
    deepStrictEqual(await (await fetch(`${server.origin}/own`)).text(), 'own route')
    const query = '{ viewer { name selector { name calls(first: 0) { totalCount } } } }'
    const selector = { name: stage.selector, calls: { totalCount: stage.calls } }
    const { data } = await ask(server.origin, device, query)
    deepStrictEqual(data, { viewer: { name: stage.selector, selector } })
    const refused = await Promise.all([expired, 'other'].map((credential) => ask(server.origin, credential, query)))
    deepStrictEqual(
      refused.map(({ errors }) => errors[0]?.extensions?.['reason']),
      ['EXPIRED', 'INVALID'],
    )
    deepStrictEqual(
      entries.filter(({ level }) => level === 'error'),
      [],
    )
  })
})

describe('With a plugin of graphql-yoga', () => {
  let executed = 0
  const plugin = { onExecute: () => void executed++ }
  checkFailuresOf((name) => ({ settings: { AUDIT_LOG: 'off', ...stage.settings[name] }, plugins: [plugin] }))

  it('calls its hooks for what is executed', () => ok(executed > 0))
})

test('What is missing is said in a Problem', async () => {
  await rejects(openGateway({ auth: 'open' }), Problem)
})
