import { describe, expect, it, onTestFinished } from 'vitest'
import { parseConnectionString } from '../../src/config/connection-string.ts'
import { openPool } from '../../src/database/pool.ts'
import type { Advice } from '../../src/tools/check/indexes.ts'
import { examine } from '../../src/tools/check/report.ts'
import { openClient } from '../support/client.ts'
import { start } from '../support/command.ts'
import type { TestDatabase } from '../support/database.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { addSelector, selectorNamed } from '../support/rows.ts'

/** Examines a database in this process. The command prints the same report. */
async function adviceOf(url: string): Promise<readonly Advice[]> {
  const database = openPool({
    connection: parseConnectionString(url, 'test', {}),
    maxConnections: 1,
    connectTimeoutMs: 10_000,
    statementTimeoutMs: 60_000,
    applicationName: 'sipis-gateway test',
  })
  try {
    return (await examine(database, 'test', () => undefined)).advice
  } finally {
    await database.close()
  }
}

/** Creates a role for the database, and returns the URL of its connections. */
async function addRole(own: TestDatabase, attributes = ''): Promise<{ role: string; url: string }> {
  const role = `odd_${new URL(own.url).pathname.slice(-12)}`
  await own.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' ${attributes}`)
  onTestFinished(async () => {
    await own.sql(`DROP OWNED BY ${role}`)
    await own.sql(`DROP ROLE ${role}`)
  })
  const url = Object.assign(new URL(own.url), { username: role, password: 'secret' })
  return { role, url: url.href }
}

async function grantReading(own: TestDatabase, role: string): Promise<void> {
  await own.sql(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
}

/** Names of schemas, most of which need quotes. */
const schemas = ['public', 'Si pis', 'we"ird', 'user', String.raw`back\slash`, "it's", 'ž電'] as const

const partitioned = `ALTER TABLE sipcalls RENAME TO old_calls;
  CREATE TABLE sipcalls (LIKE old_calls) PARTITION BY RANGE (time);
  CREATE TABLE calls_one PARTITION OF sipcalls DEFAULT`
const view = 'ALTER TABLE tokens RENAME TO own_tokens; CREATE VIEW tokens AS SELECT * FROM own_tokens'
const materialized =
  'ALTER TABLE siptextmessages RENAME TO own_messages; CREATE MATERIALIZED VIEW siptextmessages AS SELECT * FROM own_messages'
const foreign = `CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
  DROP TABLE tokens; CREATE FOREIGN TABLE tokens (rowid bigint, selector varchar, token text, appid varchar, lastseen timestamptz) SERVER nowhere`
/** An unsuitable index under the name that PostgreSQL would choose. */
const taken = 'CREATE INDEX sipcalls_id_time_rowid_idx ON sipcalls (callid) WHERE callid IS NULL'

const oddities: readonly (readonly [string, 'V1' | 'V2', string, string])[] = [
  ...schemas.map((schema) => [`schema ${schema}`, 'V1', schema, ''] as const),
  ['a partitioned table', 'V1', 'public', partitioned],
  ['a view', 'V1', 'public', view],
  ['a materialized view', 'V1', 'Si pis', materialized],
  ['a foreign table', 'V2', 'public', foreign],
  ['an index of the same name', 'V1', 'public', taken],
  ['CREATE for PUBLIC', 'V2', 'Si pis', 'GRANT CREATE ON SCHEMA public TO PUBLIC'],
]

describe('Every statement that check prints can be run, and is not printed again afterwards:', () => {
  it.each(oddities)('%s', async (_, version, schema, change) => {
    const own = untilTestEnds(await cloneDatabase(version))
    if (change !== '') await own.sql(change)
    const quoted = `"${schema.replaceAll('"', '""')}"`
    if (schema !== 'public') await own.sql(`ALTER SCHEMA public RENAME TO ${quoted}`)
    const problem = schema === 'public' ? '' : await adviceOf(own.url).then(String, String)
    // Runs the hint if the tables are not found.
    const [, options = ''] = /options=(\S+) to the URL/.exec(problem) ?? []
    expect(options === '').toBe(schema === 'public')
    const url = options === '' ? own.url : `${own.url}?options=${options}`
    const before = await adviceOf(url)
    const made = `made_${new URL(own.url).pathname.slice(-12)}`
    onTestFinished(async () => {
      await own.sql(`DROP OWNED BY ${made}`)
      await own.sql(`DROP ROLE ${made}`)
    })
    const statements = before.map(({ statement }) =>
      statement.replaceAll('sipis_gateway', made).replace("'…'", "'secret'"),
    )
    expect(statements.some((statement) => statement.startsWith('CREATE INDEX'))).toBe(version === 'V1')
    for (const statement of statements) await own.sql(statement)
    // The tables are found by the new role without any option.
    const reader = Object.assign(new URL(own.url), { username: made, password: 'secret' })
    expect(await adviceOf(reader.href)).toEqual([])
    const after = await adviceOf(url)
    expect(after.map(({ statement }) => statement)).toEqual([expect.stringContaining('CREATE ROLE')])
  })
})

const policies: readonly (readonly [string, string, string | undefined])[] = [
  ['a policy of a table', 'ALTER TABLE sipcalls ENABLE ROW LEVEL SECURITY', 'public.sipcalls'],
  [
    'a policy below a view',
    `ALTER TABLE tokens RENAME TO own_tokens; ALTER TABLE own_tokens ENABLE ROW LEVEL SECURITY;
     CREATE VIEW tokens WITH (security_invoker = true) AS SELECT * FROM own_tokens`,
    'public.own_tokens',
  ],
  [
    'a policy below a view whose owner sees everything',
    `ALTER TABLE tokens RENAME TO own_tokens; ALTER TABLE own_tokens ENABLE ROW LEVEL SECURITY;
     CREATE VIEW tokens AS SELECT * FROM own_tokens`,
    undefined,
  ],
  ['a policy of another table', 'ALTER TABLE badge ENABLE ROW LEVEL SECURITY', undefined],
]

describe('Row level security', () => {
  it.each(policies)('is reported if it hides rows: %s', async (_, change, table) => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { role, url } = await addRole(own)
    await own.sql(change)
    await grantReading(own, role)
    const advice = (await adviceOf(url)).filter(({ statement }) => statement.includes('BYPASSRLS'))
    if (table === undefined) {
      expect(advice).toEqual([])
      return
    }
    expect(advice).toEqual([
      {
        code: 'ROWS_HIDDEN',
        reason: expect.stringContaining(table.replace('public.', '')),
        statement: `ALTER ROLE ${role} BYPASSRLS;`,
      },
    ])
    for (const { statement } of advice) await own.sql(statement)
    expect((await adviceOf(url)).filter(({ statement }) => statement.includes('BYPASSRLS'))).toEqual([])
  })

  it('is warned about by serve', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { role, url } = await addRole(own)
    await grantReading(own, role)
    await own.sql('ALTER TABLE sipcalls ENABLE ROW LEVEL SECURITY')
    const serving = start(['serve', '--port', '0', '--database-url', url])
    onTestFinished(() => void serving.child.kill('SIGKILL'))
    const said = await serving.printed('Row level security')
    expect(said).toMatch(new RegExp(`Row level security of public.sipcalls.*role ${role}`))
  })

  it('does not concern the owner of a table unless it is forced', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { role, url } = await addRole(own)
    await grantReading(own, role)
    await own.sql(`ALTER TABLE sipcalls ENABLE ROW LEVEL SECURITY; ALTER TABLE sipcalls OWNER TO ${role}`)
    const heldBack = async () => (await adviceOf(url)).some(({ reason }) => reason.startsWith('Row level security'))
    expect(await heldBack()).toBe(false)
    await own.sql('ALTER TABLE sipcalls FORCE ROW LEVEL SECURITY')
    expect(await heldBack()).toBe(true)
    expect((await adviceOf(own.url)).some(({ reason }) => reason.startsWith('Row level security'))).toBe(false)
  })
})

describe('CREATE in a schema of the search_path', () => {
  it('is advised against for all but the owners of the schema and of the tables', async () => {
    const own = untilTestEnds(await cloneDatabase('V2'))
    const { role } = await addRole(own)
    const revokes = async () =>
      (await adviceOf(own.url)).map(({ statement }) => statement).filter((statement) => statement.startsWith('REVOKE'))
    expect(await revokes()).toEqual([])
    await own.sql(`GRANT CREATE ON SCHEMA public TO ${role}`)
    expect(await revokes()).toEqual([`REVOKE CREATE ON SCHEMA public FROM ${role};`])
    await own.sql(`GRANT CREATE ON SCHEMA public TO PUBLIC`)
    expect(await revokes()).toEqual([`REVOKE CREATE ON SCHEMA public FROM PUBLIC, ${role};`])
    await own.sql(`ALTER TABLE sipcalls OWNER TO ${role}`)
    expect(await revokes()).toEqual(['REVOKE CREATE ON SCHEMA public FROM PUBLIC;'])
    await own.sql((await revokes())[0] ?? '')
    expect(await revokes()).toEqual([])
  })
})

it('check says which grants the field changes needs, and they are enough', async () => {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const { role, url } = await addRole(own)
  await grantReading(own, role)
  await own.sql('REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC')
  await addSelector({ version: 'V2', sql: own.sql }, 1)
  const database = openReader(url)
  onTestFinished(() => database.close())
  await using client = await openClient(database)
  const ask = () => client.answer(`{ selector(name: "${selectorNamed(1)}") { changes { token } } }`)
  expect((await ask()).errors?.[0]?.extensions.code).toBe('NOT_SUPPORTED')
  const advice = (await adviceOf(url)).filter(({ reason }) => reason.includes('the field changes'))
  expect(advice.map(({ statement }) => statement)).toEqual([
    `GRANT EXECUTE ON FUNCTION pg_control_checkpoint() TO ${role};`,
  ])
  await own.sql(advice[0]?.statement ?? '')
  expect((await ask()).errors).toBe(undefined)
})
