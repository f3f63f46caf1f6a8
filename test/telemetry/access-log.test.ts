import { expect, it } from 'vitest'
import { Problem } from '../../src/errors/problem.ts'
import { createAccessLog } from '../../src/telemetry/access-log.ts'
import { openAccessFile } from '../../src/telemetry/append-file.ts'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { openMeasured } from '../support/measured.ts'
import { authenticateAs, device } from '../support/principals.ts'
import { addSelector, selectorNamed } from '../support/rows.ts'
import { until } from '../support/until.ts'

const selector = selectorNamed(1)

it('The access log has one line for each request, without selectors, credentials and variables', async () => {
  const own = untilTestEnds(await cloneDatabase('V2'))
  await addSelector({ version: 'V2', sql: own.sql }, 1)
  const lines: string[] = []
  const { client } = await openMeasured(own.url, {
    authenticate: authenticateAs([device('device', selector)]),
    listener: createAccessLog((line) => lines.push(line)),
  })
  const document = 'query Mine($of: String!) { selector(name: $of) { name } }'
  await client.answer(document, { of: selector }, 'device')
  await client.answer(`{ selector(name: "${selector}") { canary } }`, {}, 'device')
  await client.answer(document, { of: selector }, `canary-${selector}`)
  const { headers } = await fetch(`${client.url}/${selector}?${selector}`, { headers: { 'x-request-id': selector } })
  await until('all are written', () => lines.length === 4)

  const shared = { access: true, requestId: expect.any(String), time: expect.any(String), ms: expect.any(Number) }
  const hash = expect.stringMatching(/^[0-9a-f]{16}$/)
  const bytes = expect.any(Number)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { ...shared, route: 'graphql', status: 200, codes: [], cost: 2, rows: 1, bytes, operation: 'Mine', document: hash },
    {
      ...shared,
      route: 'graphql',
      status: 200,
      codes: ['GRAPHQL_VALIDATION_FAILED'],
      cost: 100,
      rows: 0,
      bytes,
      document: hash,
    },
    { ...shared, route: 'graphql', status: 401, codes: ['UNAUTHENTICATED'], cost: 0, rows: 0, bytes },
    { ...shared, route: 'other', status: 404, codes: ['NOT_FOUND'], cost: 0, rows: 0, bytes },
  ])
  expect(JSON.parse(lines[3] ?? '').requestId).toBe(headers.get('x-request-id'))
  expect(lines.join('')).not.toMatch(/canary|12869E0E|device/i)
  for (const line of lines) expect(line).toMatch(/^\{[^\n]*\}\n$/)
})

it('An access log that cannot be opened is rejected with what to do', () => {
  const open = () => openAccessFile('/nowhere/access.jsonl', () => undefined)
  expect(open).toThrow(Problem)
  expect(open).toThrow(/^ACCESS_LOG \/nowhere\/access.jsonl cannot be written: its folder .* set ACCESS_LOG=stderr\.$/)
})
