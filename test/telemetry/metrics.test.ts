import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { cloneDatabase, untilTestEnds } from '../support/database.ts'
import { openMeasured } from '../support/measured.ts'
import { authenticateAs, device, tool } from '../support/principals.ts'
import { addRow, addSelector, selectorNamed } from '../support/rows.ts'
import { until } from '../support/until.ts'

async function openDatabase() {
  const own = untilTestEnds(await cloneDatabase('V2'))
  await addSelector({ version: 'V2', sql: own.sql }, 1)
  return own
}

const authenticate = authenticateAs([
  tool('ops', 'sipis:ops'),
  tool('reader', 'sipis:read'),
  device('device', selectorNamed(1)),
])

describe('/metrics', () => {
  it('counts requests by endpoint, status, error code and limit, and their cost and rows', async () => {
    const { client, samples } = await openMeasured((await openDatabase()).url, { limits: { cost: 1_000 } })
    await client.ask('{ selectors { nodes { name } } }')
    await client.answer('{ nothing }')
    await client.answer('{ selectors(first: 100) { nodes { calls(first: 100) { nodes { callId } } } } }')
    await (await fetch(`${client.url}/live`)).text()
    await (await fetch(`${client.url}/${selectorNamed(1)}`)).text()
    const found = await samples()
    expect(Object.fromEntries(found)).toMatchObject({
      'sipis_gateway_requests_total{route="graphql",status="2xx"}': 3,
      'sipis_gateway_requests_total{route="probe",status="2xx"}': 1,
      'sipis_gateway_requests_total{route="other",status="4xx"}': 1,
      'sipis_gateway_request_errors_total{code="GRAPHQL_VALIDATION_FAILED"}': 1,
      'sipis_gateway_request_errors_total{code="TOO_COSTLY"}': 1,
      'sipis_gateway_request_errors_total{code="NOT_FOUND"}': 1,
      'sipis_gateway_limits_reached_total{setting="LIMIT_COST"}': 1,
      sipis_gateway_rows_total: 1,
      'sipis_gateway_request_duration_seconds_count{route="graphql"}': 3,
    })
    expect(found.get('sipis_gateway_cost_total')).toBeGreaterThan(200)
    expect(found.get('sipis_gateway_answer_bytes_total')).toBeGreaterThan(500)
  })

  it('counts a request whose caller disconnects before the response', async () => {
    const own = await openDatabase()
    const { client, samples } = await openMeasured(own.url)
    await own.sql('BEGIN')
    await own.sql('LOCK TABLE selectors')
    const { port } = new URL(client.url)
    const socket = connect(Number(port), '127.0.0.1')
    const body = '{"query":"{ selectors { totalCount } }"}'
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await until('it runs', async () => (await samples()).get('sipis_gateway_operations{state="running"}') === 1)
    socket.destroy()
    await once(socket, 'close')
    const disconnected = 'sipis_gateway_requests_total{route="graphql",status="none"}'
    await until('it has ended', async () => (await samples()).get(disconnected) === 1)
    await own.sql('ROLLBACK')
    expect((await samples()).get('sipis_gateway_request_errors_total{code="DISCONNECTED"}')).toBe(1)
    expect((await samples()).get('sipis_gateway_cancels_total{lane="pool"}')).toBeGreaterThan(0)
  })

  it('counts statements, rows and connections by lane, and failures by code', async () => {
    const own = await openDatabase()
    const { client, samples } = await openMeasured(own.url)
    await client.ask(`{ selector(name: "${selectorNamed(1)}") { name } selectors { nodes { name } } }`)
    await own.sql('DROP TABLE sipcalls')
    await client.answer('{ calls { nodes { callId } } }')
    const found = await samples()
    expect(Object.fromEntries(found)).toMatchObject({
      'sipis_gateway_statements_total{lane="calls",outcome="ok"}': 1,
      'sipis_gateway_statement_rows_total{lane="calls"}': 1,
      'sipis_gateway_statement_wait_seconds_count{lane="calls"}': 1,
      'sipis_gateway_connections_total{lane="calls",event="opened"}': 1,
      'sipis_gateway_failed_fields_total{code="UNAVAILABLE"}': 1,
      sipis_gateway_pool_waiting: 0,
    })
    expect(found.get('sipis_gateway_statements_total{lane="pool",outcome="42P01"}')).toBeGreaterThan(0)
    expect(found.get('sipis_gateway_pool_connections{state="idle"}')).toBeGreaterThan(0)
  })

  it('shows running and waiting operations and statements', async () => {
    const own = await openDatabase()
    const { client, samples } = await openMeasured(own.url, { limits: { concurrent: 1, concurrentPerCaller: 8 } })
    await own.sql('BEGIN')
    await own.sql('LOCK TABLE selectors')
    const answers = [1, 2, 3].map(() => client.answer('{ selectors { totalCount } }'))
    const state = async () => {
      const found = await samples()
      return ['operations{state="running"}', 'operations{state="waiting"}', 'turns{share="scans",state="running"}'].map(
        (name) => found.get(`sipis_gateway_${name}`),
      )
    }
    await until('one runs and two wait', async () => (await state()).join() === '1,2,1')
    await own.sql('ROLLBACK')
    await Promise.all(answers)
    expect(await state()).toEqual([0, 0, 0])
  })

  it('contains no selector, caller, credential or query text', async () => {
    const { client, scrape } = await openMeasured((await openDatabase()).url, { authenticate })
    const selector = selectorNamed(1)
    await client.answer(`query Canary { selector(name: "${selector}") { canary: name } }`, {}, 'device')
    await client.answer(`{ canary(x: "${selector}") }`, { canary: selector }, 'reader')
    await client.answer('{ viewer { name } }', {}, `canary${selector}`)
    await (await fetch(`${client.url}/canary?canary`)).text()
    const text = await (await scrape('ops')).text()
    expect(text).toContain('sipis_gateway_credentials_refused_total 1')
    expect(text).not.toMatch(/canary|device|reader|12869E0E/i)
  })

  it('requires the scope sipis:ops', async () => {
    const { scrape } = await openMeasured((await openDatabase()).url, { authenticate })
    expect((await scrape()).status).toBe(401)
    expect((await scrape('reader')).status).toBe(403)
    const { status, headers } = await scrape('ops')
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  })

  it('without authentication accepts only host names of this machine', async () => {
    const { client } = await openMeasured((await openDatabase()).url)
    const { port } = new URL(client.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('GET /metrics HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n')
    const [start] = await once(socket, 'data')
    expect(String(start)).toMatch(/^HTTP\/1.1 403 /)
  })

  it('includes the event loop, heap and handles of the process', async () => {
    const found = await (await openMeasured((await openDatabase()).url)).samples()
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_active_handles_total',
    ])
      expect(found.get(name)).toBeTypeOf('number')
  })

  it("counts SIPIS's rows once for several scrapes in a minute", async () => {
    const own = await openDatabase()
    await addRow({ version: 'V2', sql: own.sql }, 'sipcalls', 1, { rowid: 1, missedreason: 'Missed', time: 'now' })
    const { client, samples } = await openMeasured(own.url)
    client.statements()
    const all = await Promise.all([samples(), samples(), samples()])
    expect(client.statements()).toHaveLength(4)
    for (const found of all) {
      expect(found.get('sipis_selectors_seen_last_hour')).toBe(1)
      expect(found.get('sipis_calls_last_hour{reason="missed"}')).toBe(1)
    }
  })

  it('omits counts that fail, and includes all other metrics', async () => {
    const own = await openDatabase()
    const { samples } = await openMeasured(own.url)
    await own.sql('DROP TABLE selectors')
    await addRow({ version: 'V2', sql: own.sql }, 'pushtests', 1, { pushid: 'p', platform: 'iOS', started: 'now' })
    const found = await samples()
    expect([...found.keys()].filter((name) => name.startsWith('sipis_selectors'))).toEqual([])
    expect(found.get('sipis_push_tests_last_hour{platform="iOS",state="pending"}')).toBe(1)
    expect(found.get('sipis_gateway_statements_total{lane="pool",outcome="42P01"}')).toBe(1)
  })

  it('gives up on a count whose table is locked', async () => {
    const own = await openDatabase()
    const { samples } = await openMeasured(own.url)
    await own.sql('BEGIN')
    await own.sql('LOCK TABLE sipcalls')
    const found = await samples()
    await own.sql('ROLLBACK')
    expect(found.get('sipis_selectors_seen_last_hour')).toBe(1)
    expect([...found.keys()].filter((name) => name.startsWith('sipis_calls'))).toEqual([])
  })
})
