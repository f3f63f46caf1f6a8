/** Plants canary values in all secrets, sends valid and invalid requests as every principal, and searches all output for the canaries. */
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiKeyVerifier } from '../../src/auth/api-key-verifier.ts'
import { createKey } from '../../src/auth/api-keys.ts'
import { createAuthenticate } from '../../src/auth/authenticate.ts'
import { jwksFromFile } from '../../src/auth/jwks.ts'
import { createJwtVerifier } from '../../src/auth/jwt.ts'
import type { Database, Value } from '../../src/database/database.ts'
import { createAudit } from '../../src/http/operations/audit.ts'
import type { Client } from '../support/client.ts'
import { openClient } from '../support/client.ts'
import type { Opened } from '../support/database.ts'
import { backends } from '../support/database.ts'
import type { Issuer } from '../support/issuer.ts'
import { openIssuer, options } from '../support/issuer.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'
import { openDoor } from '../support/sockets.ts'

const pushToken = 'canary-push-token-Zm9v'
const password = 'canary-password'
const hidden = 'canary-cloud-secret'
const inVariable = 'canary-in-a-variable'
const changesKey = 'canary-key-of-changes'

const everything = `name id lastSeen
  tokens { nodes { id appId token fingerprint } edges { cursor } }
  settings { name value } asked: settings(names: ["password", "cloud_password", "title"]) { name value }
  calls { nodes { callId caller { uri } } } messages { nodes { headers body } } pushTests { nodes { pushId } }`

const queries = [
  `{ selector(name: "${selectorNamed(1)}") { ${everything} } }`,
  `{ selector(name: "${selectorNamed(2)}") { ${everything} } }`,
  `{ selector(name: "${selectorNamed(1)}") { changes { token events { id } } bad: changes(since: "${'A'.repeat(120)}") { token } } }`,
  `{ selectors { nodes { ${everything} } } database { serverVersion tableVersions { name } } viewer { name scopes } }`,
  '{ calls(after: "nonsense") { nodes { id } } node(id: "nonsense") { id } }',
  '{ nothing }',
  '{',
]
const withVariables = [
  'query ($a: String!) { selector(name: $a) { id } }',
  'query ($a: ID!) { node(id: $a) { id } }',
  'query ($a: String) { calls(filter: { caller: { username: $a } }) { nodes { id } } }',
]

describe.each(backends.filter(({ name }) => name.includes('V2, UTF8') || name.includes('V1, SQL')))(
  'Secrets on $name',
  ({ open }) => {
    let opened: Opened
    let client: Client
    let issuer: Issuer
    const credentials: Record<string, string> = {}
    const audited: string[] = []
    const received: Value[][] = []

    beforeAll(async () => {
      opened = await open()
      for (const n of [1, 2]) {
        await addSelector(opened, n)
        await addRow(opened, 'tokens', n, { token: pushToken, appid: 'app' })
        await addRow(opened, 'siptextmessages', n, { headers: '<h/>', body: 'b', time: '2026-11-01 12:00Z' })
        const [column, value] = opened.version === 'V1' ? ['id', n] : ['selector', selectorNamed(n)]
        for (const [name, secret] of [
          ['password', password],
          ['cloud_password', hidden],
          ['title', 'T'],
        ]) {
          await opened.sql(`INSERT INTO data (${column}, name, value, longvalue) VALUES ($1, $2, 'short', $3)`, [
            value,
            name,
            secret,
          ])
        }
        await opened.sql(`INSERT INTO restart (${column}, name, value) VALUES ($1, 'password', $2)`, [value, password])
      }
      issuer = await openIssuer()
      const keysFile = `${issuer.jwksFile}.keys`
      for (const scopes of [
        ['sipis:read'],
        ['sipis:read', 'sipis:tokens'],
        ['sipis:read', 'sipis:settings'],
      ] as const) {
        credentials[`key ${scopes}`] = createKey(keysFile, {
          name: scopes.join(),
          scopes: [...scopes],
          expires: undefined,
        }).key
      }
      for (const scope of ['', 'sipis:own', 'sipis:own sipis:settings', 'sipis:read', 'sipis:ops']) {
        credentials[`jwt ${scope}`] = await issuer.tokenOf(selectorNamed(1), scope)
      }
      credentials['wrong'] = `${credentials['jwt sipis:own']}x`
      const recorded: Database = {
        async query(statement, signal) {
          const rows = await opened.database.query(statement, signal)
          received.push(...rows.map((row) => [...row]))
          return rows
        },
        close: () => opened.database.close(),
      }
      client = await openClient(recorded, {
        authenticate: createAuthenticate({
          jwt: createJwtVerifier(
            jwksFromFile(issuer.jwksFile, () => undefined),
            options,
          ),
          apiKey: createApiKeyVerifier(keysFile, () => undefined),
        }),
        allowedSettings: ['title'],
        changes: { secrets: [changesKey] },
        audit: createAudit(
          pino({ base: null }, { write: (line: string) => audited.push(line) }),
          'key of the audit log',
        ),
      })
    })
    afterAll(async () => {
      await client[Symbol.asyncDispose]()
      await issuer[Symbol.asyncDispose]()
      await opened[Symbol.asyncDispose]()
    })

    it('appear only in responses to principals with the required scope, and are not read from the database for others', async () => {
      for (const [name, credential] of Object.entries(credentials)) {
        received.length = 0
        using door = openDoor(client.url, credential)
        const answers = await Promise.all([
          ...queries.map((query) => client.answer(query, {}, credential)),
          ...withVariables.map((query) => client.answer(query, { a: inVariable }, credential)),
          ...queries.map((query) => door.answer(query)),
          ...withVariables.map((query) => door.answer(query, { a: inVariable })),
        ])
        const text = JSON.stringify(answers)
        const mayPush = name.includes('sipis:tokens')
        expect([name, text.includes(pushToken)]).toEqual([name, mayPush])
        expect([name, JSON.stringify(received).includes(pushToken)]).toEqual([name, mayPush])
        for (const secret of [password, hidden, changesKey, ...Object.values(credentials)])
          expect([name, text.includes(secret)]).toEqual([name, false])
        expect(JSON.stringify(received)).not.toMatch(/canary-(password|cloud)/)
      }
    })

    it('appear in no log and no audit line, and neither do variables and selectors', () => {
      expect(audited.length).toBeGreaterThan(100)
      const written = [...client.log, ...audited].join('\n')
      const secrets = [
        pushToken,
        password,
        hidden,
        inVariable,
        changesKey,
        selectorNamed(1),
        selectorNamed(2),
        ...Object.values(credentials),
      ]
      for (const secret of secrets) expect([secret, written.includes(secret)]).toEqual([secret, false])
    })
  },
)
