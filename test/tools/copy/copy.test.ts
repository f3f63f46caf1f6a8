import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Progress } from '../../../src/tools/copy/progress.ts'
import { openClient, unlimited } from '../../support/client.ts'
import { contents, copied, executeAccepting, rowCounts, runCopy, silent } from '../../support/copying.ts'
import type { TestDatabase } from '../../support/database.ts'
import { cloneDatabase, emptyDatabase, openReader, untilTestEnds } from '../../support/database.ts'
import { addDataSet } from '../../support/rows.ts'
import type { Encoding } from '../../support/templates.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sipis-gateway-copy-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function pair(from: Encoding = 'UTF8', to: Encoding = 'UTF8'): Promise<[TestDatabase, TestDatabase]> {
  return [untilTestEnds(await cloneDatabase('V1', from)), untilTestEnds(await cloneDatabase('V2', to))]
}

async function ask({ url }: TestDatabase, query: string): Promise<unknown> {
  const database = openReader(url)
  try {
    return await (await openClient(database, { limits: unlimited })).ask(query)
  } finally {
    await database.close()
  }
}

const everything = `{ selectors(first: 100) { totalCount nodes { id name lastSeen
  tokens { nodes { id token appId lastSeen } } calls(first: 100) { nodes { id time callId caller { uri displayName port } } }
  messages { nodes { id time messageId contentType headers body sender { uri } } } pushTests { nodes { id pushId platform started concluded } } } } }`

describe('Push tests that share their id and their instant', () => {
  it('get the same numbers each time they are read', async () => {
    const source = untilTestEnds(await cloneDatabase('V1'))
    const target = untilTestEnds(await cloneDatabase('V2'))
    await source.sql('ALTER TABLE pushtests DROP CONSTRAINT pushtestsunq')
    await source.sql(`INSERT INTO selectors (id, selector) SELECT n, 's' || n FROM generate_series(1, 3) n`)
    await source.sql(`INSERT INTO pushtests SELECT n % 3 + 1, 'same', 'platform ' || n % 7, '2026-11-01',
      CASE WHEN n % 2 = 0 THEN timestamp '2026-11-01' + n % 5 * interval '1 second' END FROM generate_series(1, 500) n`)
    // With rejects, another statement reads them.
    await source.sql(
      `INSERT INTO pushtests SELECT 99, 'same', 'platform ' || n % 7, '2026-11-01' FROM generate_series(1, 300) n`,
    )
    await source.sql(`UPDATE pushtests SET concluded = concluded WHERE platform = 'platform 3'`)
    const { problems, committed } = await executeAccepting(source, target)
    expect([problems, committed]).toEqual([[], true])
  })
})

describe('A copy of a clean database', () => {
  it.each([
    ['UTF8', 'UTF8'],
    ['SQL_ASCII', 'SQL_ASCII'],
    ['SQL_ASCII', 'UTF8'],
    ['UTF8', 'SQL_ASCII'],
  ] as const)('from %s into %s gives the same answers, ids and all', async (from, to) => {
    const [source, target] = await pair(from, to)
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 30 })
    await source.sql(`INSERT INTO data (id, name, value) VALUES (1, 'title', 'Žofie'), (2, 'x', NULL)`)
    const before = await contents(source)
    const dry = await runCopy(source, target)
    expect(dry).toMatchObject({ committed: false, problems: [] })
    expect(Object.values(await rowCounts(target)).every((rows) => rows === 0)).toBe(true)
    const done = await runCopy(source, target, { mode: 'execute' })
    expect(done).toMatchObject({ committed: true, problems: [], warnings: [], unknownTables: [] })
    expect(await rowCounts(target)).toEqual(await rowCounts(source))
    expect(dry.tables.map(({ table, rowsOut, source: sums }) => [table, rowsOut, sums])).toEqual(
      done.tables.map(({ table, rowsOut, target: sums }) => [table, rowsOut, sums]),
    )
    expect(await ask(target, everything)).toEqual(await ask(source, everything))
    expect(await contents(source)).toEqual(before)
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([])
  })

  it('leaves every sequence of the target past its largest value', async () => {
    const [source, target] = await pair()
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 10 })
    await source.sql(`INSERT INTO data (rowid, id, name) VALUES (77, 1, 'n')`)
    await source.sql(`INSERT INTO restart (rowid, id, name) VALUES (88, 1, 'n')`)
    await runCopy(source, target, { mode: 'execute' })
    for (const table of copied) {
      const column = table === 'selectors' ? 'id' : 'rowid'
      const [[next, largest] = []] = await target.sql(
        `SELECT nextval(pg_get_serial_sequence('${table}', '${column}')), max(${column}) FROM ${table}`,
      )
      expect([table, Number(next)]).toEqual([table, Number(largest) + 1])
    }
  })

  it('gives calls the reason of --missed-reason', async () => {
    const [source, target] = await pair()
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 2 })
    await runCopy(source, target, { mode: 'execute', missedReason: "It's new" })
    expect(await target.sql('SELECT DISTINCT missedreason FROM sipcalls')).toEqual([["It's new"]])
  })
})

describe('What v2 does not have', () => {
  it('restart.server becomes an entry named "server", from the newest entry if they disagree, and never a second one', async () => {
    const [source, target] = await pair()
    await source.sql(`INSERT INTO selectors (id, selector) SELECT n, 's' || n FROM generate_series(1, 5) n`)
    await source.sql(`INSERT INTO restart (rowid, id, name, value, server) VALUES
      (1, 1, 'a', 'x', 'Sipis1'), (2, 1, 'b', 'y', 'Sipis1'),
      (3, 2, 'a', 'x', 'Sipis2'), (4, 2, 'b', 'y', 'Sipis1'),
      (5, 3, 'a', 'x', 'Sipis3'), (6, 3, 'server', 'mine', NULL),
      (7, 4, 'a', 'x', NULL)`)
    const report = await runCopy(source, target, { mode: 'execute' })
    expect(report.committed).toBe(true)
    expect(report.tables.find(({ table }) => table === 'restart')).toMatchObject({ rowsIn: 7, added: 2, rowsOut: 9 })
    expect(
      await target.sql(`SELECT selector, rowid, seq, value FROM restart WHERE name = 'server' ORDER BY 1`),
    ).toEqual([
      ['s1', '8', '0', 'Sipis1'],
      ['s2', '9', '0', 'Sipis1'],
      ['s3', '6', '0', 'mine'],
    ])
    expect(report.warnings.join('\n')).toMatch(
      /1 selectors already have an entry named "server".*\n.*of 1 selectors disagree/,
    )
  })

  it('nulls become empty or 0, counted by column', async () => {
    const [source, target] = await pair()
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    await source.sql(`INSERT INTO sipcalls (id, time) VALUES (1, now()), (1, now())`)
    await source.sql(`INSERT INTO sipcalls (id, time, scheme, username) VALUES (1, now(), 'sip', 'u')`)
    const { tables } = await runCopy(source, target, { mode: 'execute' })
    expect(tables.find(({ table }) => table === 'sipcalls')?.filled).toEqual({
      scheme: 2,
      userdisplayname: 3,
      username: 2,
      domain: 3,
      domainport: 3,
      callid: 3,
    })
    expect(await target.sql(`SELECT count(*) FROM sipcalls WHERE domain = '' AND domainport = 0`)).toEqual([['3']])
  })
})

describe('Rows that cannot be copied', () => {
  async function dirty(from: Encoding = 'SQL_ASCII', to: Encoding = 'UTF8') {
    const [source, target] = await pair(from, to)
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'), (2, NULL)`)
    await source.sql(
      `INSERT INTO sipcalls (rowid, id, time, userdisplayname) VALUES (1, 1, now(), convert_from('\\xc3', 'SQL_ASCII')), (2, 2, now(), ''), (3, 1, now(), '')`,
    )
    await source.sql(`INSERT INTO pushtests VALUES (1, 'p', 'x', now()), (9, 'canary', 'x', now())`)
    await source.sql(
      `INSERT INTO data (rowid, id, name, value) VALUES (1, NULL, 'n', 'canary'), (2, 1, NULL, 'canary')`,
    )
    await source.sql(`INSERT INTO restart (rowid, id, name) VALUES (1, 1, repeat('ž', 40)), (2, 1, repeat('n', 65))`)
    await source.sql(`INSERT INTO tokens (rowid, id, token, appid) VALUES (1, 2, 'canary-token', 'app')`)
    return [source, target] as const
  }

  it('stop the copy before anything is written, and are listed without secrets in a file that only its owner can read', async () => {
    const [source, target] = await dirty()
    const rejectsFile = join(folder, 'rejects.jsonl')
    const report = await runCopy(source, target, { mode: 'execute', rejectsFile })
    expect(report.committed).toBe(false)
    expect(report.problems.at(-1)).toMatch(/Nothing was written/)
    expect(report.problems.join('\n')).toMatch(/--accept-rejects null-name=1/)
    expect(report.problems.join('\n')).not.toContain('null-selector')
    expect(Object.values(await rowCounts(target)).every((rows) => rows === 0)).toBe(true)
    const text = await readFile(rejectsFile, 'utf8')
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      { table: 'selectors', key: { id: '2' }, reason: 'null-selector' },
      { table: 'tokens', key: { rowid: '1' }, reason: 'null-selector' },
      { table: 'sipcalls', key: { rowid: '1' }, reason: 'invalid-bytes' },
      { table: 'sipcalls', key: { rowid: '2' }, reason: 'null-selector' },
      { table: 'pushtests', key: { id: '9', pushid: 'canary' }, reason: 'orphan' },
      { table: 'data', key: { rowid: '1' }, reason: 'null-id' },
      { table: 'data', key: { rowid: '2' }, reason: 'null-name' },
      { table: 'restart', key: { rowid: '2' }, reason: 'too-long' },
    ])
    expect(text).not.toContain('canary-token')
    expect((await stat(rejectsFile)).mode & 0o777).toBe(0o600)
    await expect(runCopy(source, target, { mode: 'execute', rejectsFile })).rejects.toThrow(/exists already.*--rejects/)
  })

  it('are left out if exactly their number is accepted', async () => {
    const [source, target] = await dirty()
    const accepted = new Map([
      ['null-selector', 3],
      ['invalid-bytes', 1],
      ['orphan', 1],
      ['null-id', 1],
      ['null-name', 1],
      ['too-long', 1],
    ] as const)
    const less = await runCopy(source, target, {
      mode: 'execute',
      accepted: new Map([...accepted, ['orphan', 2]]),
      rejectsFile: join(folder, 'less'),
    })
    expect(less).toMatchObject({
      committed: false,
      problems: [expect.stringContaining('--accept-rejects says 2'), expect.any(String)],
    })
    const report = await runCopy(source, target, { mode: 'execute', accepted, rejectsFile: join(folder, 'exact') })
    expect(report).toMatchObject({ committed: true, problems: [] })
    expect(await rowCounts(target)).toEqual({
      selectors: 1,
      tokens: 0,
      sipcalls: 1,
      siptextmessages: 0,
      pushtests: 1,
      data: 0,
      restart: 1,
    })
    expect(await target.sql('SELECT length(name) FROM restart')).toEqual([['40']])
  })

  it('include texts that are too long in the bytes of an SQL_ASCII target', async () => {
    const [source, target] = await pair('UTF8', 'SQL_ASCII')
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    await source.sql(
      `INSERT INTO sipcalls (rowid, id, time, username) VALUES (1, 1, now(), repeat('ž', 127)), (2, 1, now(), repeat('ž', 128))`,
    )
    const report = await executeAccepting(source, target, { rejectsFile: join(folder, 'bytes') })
    expect(report.tables.find(({ table }) => table === 'sipcalls')?.rejects).toEqual({ 'too-long': 1 })
    expect(await target.sql('SELECT rowid, octet_length(username) FROM sipcalls')).toEqual([['1', '254']])
  })

  it('include all but the newest of those that share a key', async () => {
    const [source, target] = await pair()
    await source.sql('ALTER TABLE tokens DROP CONSTRAINT tokens_unq')
    await source.sql('DROP RULE update_token ON tokens')
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    await source.sql(
      `INSERT INTO tokens (rowid, id, token, appid, lastseen) VALUES (1, 1, 't', 'app', '2020-01-01'), (2, 1, 't', 'app', NULL), (3, 1, 'u', 'app', NULL)`,
    )
    await source.sql(
      `INSERT INTO sipcalls (rowid, id, time, callid) VALUES (5, 1, '2026-01-01', 'x'), (5, 1, '2026-01-02', 'y')`,
    )
    const report = await executeAccepting(source, target, { rejectsFile: join(folder, 'duplicates') })
    expect(report.committed).toBe(true)
    expect(await target.sql('SELECT rowid FROM tokens ORDER BY 1')).toEqual([['2'], ['3']])
    expect(report.tables.find(({ table }) => table === 'sipcalls')).toMatchObject({ rejects: {}, renumbered: 1 })
    expect(await target.sql('SELECT rowid, callid FROM sipcalls ORDER BY 1')).toEqual([
      ['5', 'x'],
      ['6', 'y'],
    ])
  })
})

describe('Bytes that are not UTF-8', () => {
  const hex = ['41c3', '80e9', 'e282', 'eda080', 'f09f9280ff', 'c5be', '5c5c30', 'f0']

  async function withBytes() {
    const [source, target] = await pair('SQL_ASCII', 'UTF8')
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    for (const [index, bytes] of hex.entries()) {
      await source.sql(
        `INSERT INTO sipcalls (rowid, id, time, callid, userdisplayname) VALUES (${index}, 1, now(), 'c', convert_from('\\x${bytes}', 'SQL_ASCII'))`,
      )
    }
    return [source, target] as const
  }
  const names = async (target: TestDatabase) =>
    (await target.sql('SELECT userdisplayname FROM sipcalls ORDER BY rowid')).flat()

  it('are replaced as a decoder would, so that the gateway shows the same before and after', async () => {
    const [source, target] = await withBytes()
    const report = await runCopy(source, target, { mode: 'execute', invalidBytes: 'replace' })
    expect(report.committed).toBe(true)
    expect(report.tables.find(({ table }) => table === 'sipcalls')?.converted).toEqual({ userdisplayname: 6 })
    expect(await names(target)).toEqual(hex.map((bytes) => Buffer.from(bytes, 'hex').toString()))
    expect(await ask(target, everything)).toEqual(await ask(source, everything))
  })

  it('are read as Latin-1 with --invalid-bytes=latin1', async () => {
    const [source, target] = await withBytes()
    expect((await runCopy(source, target, { mode: 'execute', invalidBytes: 'latin1' })).committed).toBe(true)
    const valid = new Set(['c5be', '5c5c30'])
    expect(await names(target)).toEqual(
      hex.map((bytes) => Buffer.from(bytes, 'hex').toString(valid.has(bytes) ? 'utf8' : 'latin1')),
    )
  })

  it('are unchanged between databases in SQL_ASCII', async () => {
    const [source, target] = [
      untilTestEnds(await cloneDatabase('V1', 'SQL_ASCII')),
      untilTestEnds(await cloneDatabase('V2', 'SQL_ASCII')),
    ]
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, convert_from('\\xff5c09', 'SQL_ASCII'))`)
    const bytes = Array.from({ length: 255 }, (_, n) => (n + 1).toString(16).padStart(2, '0')).join('')
    await source.sql(
      `INSERT INTO siptextmessages (id, time, body) VALUES (1, now(), convert_from('\\x${bytes}', 'SQL_ASCII'))`,
    )
    expect((await runCopy(source, target, { mode: 'execute' })).committed).toBe(true)
    expect(
      await target.sql(
        `SELECT encode(convert_to(body, 'SQL_ASCII'), 'hex'), encode(convert_to(selector, 'SQL_ASCII'), 'hex') FROM siptextmessages`,
      ),
    ).toEqual([[bytes, 'ff5c09']])
  })
})

describe('A copy refuses', () => {
  it('a target that is not empty, a target that is v1, and a source that is v2', async () => {
    const [source, target] = await pair()
    await target.sql(`INSERT INTO data (selector, name) VALUES ('a', 'b')`)
    await expect(runCopy(source, target)).rejects.toThrow(/not empty: data has rows.*init/)
    await expect(runCopy(source, source)).rejects.toThrow(/target \(NEW\).*schema v1, not v2.*NEW OLD/)
    await expect(runCopy(target, target)).rejects.toThrow(/source \(OLD\).*schema v2, not v1/)
    await expect(runCopy(untilTestEnds(await emptyDatabase()), target)).rejects.toThrow(/No SIPIS table/)
  })

  it('a source in which selectors share an id', async () => {
    const [source, target] = await pair()
    await source.sql('ALTER TABLE selectors DROP CONSTRAINT selectors_pkey CASCADE')
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a'), (1, 'b')`)
    await expect(runCopy(source, target)).rejects.toThrow(/share an id.*repair the source/)
  })

  it('to run while another copy into the same target runs', async () => {
    const [source, target] = await pair()
    await target.sql('BEGIN')
    await target.sql('SELECT pg_advisory_xact_lock(6003407290438733)')
    await expect(runCopy(source, target, { mode: 'execute' })).rejects.toThrow(/Another copy .* is running/)
    await target.sql('ROLLBACK')
    await expect(runCopy(source, target, { mode: 'execute' })).resolves.toMatchObject({ committed: true })
  })

  it('to wait longer than lockTimeoutMs for a lock', async () => {
    const [source, target] = await pair()
    await target.sql('BEGIN')
    await target.sql('LOCK TABLE sipcalls IN ACCESS EXCLUSIVE MODE')
    await expect(runCopy(source, target, { mode: 'execute', lockTimeoutMs: 200 })).rejects.toMatchObject({
      kind: '55P03',
    })
    await target.sql('ROLLBACK')
  })
})

describe('A copy warns', () => {
  it('of tables with rows that are not copied, and of other connections', async () => {
    const [source, target] = await pair()
    await source.sql('CREATE TABLE mytable (a int)')
    await source.sql('INSERT INTO mytable VALUES (1), (2)')
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    await source.sql(`INSERT INTO remoteagents VALUES (1, 'n', 't', now())`)
    await source.sql(`SET application_name = 'SIPIS'`)
    const report = await runCopy(source, target)
    expect(report.unknownTables).toEqual([
      { table: 'mytable', rows: 2 },
      { table: 'remoteagents', rows: 1 },
    ])
    expect(report.warnings.join()).toMatch(/1 other connections .* SIPIS may be running/)
  })
})

describe('A source without data and restart', () => {
  it('is copied with a warning, even with --freeze', async () => {
    const [source, target] = await pair()
    await source.sql('DROP TABLE data, restart')
    await source.sql(`INSERT INTO selectors (id, selector) VALUES (1, 'a')`)
    const report = await runCopy(source, target, { mode: 'execute', freeze: true })
    expect(report).toMatchObject({
      committed: true,
      warnings: [expect.stringContaining('no table data'), expect.stringContaining('no table restart')],
    })
    expect(await target.sql('SELECT selector FROM selectors')).toEqual([['a']])
  })
})

describe('While others write to the source', () => {
  it('a rehearsal is that of its snapshot, and does not block them; --no-freeze notices them before the commit', async () => {
    const [source, target] = await pair()
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 60 })
    await source.sql(`SELECT setval('sipcalls_rowid_seq', (SELECT max(rowid) FROM sipcalls))`)
    let writes = 0
    let stop = false
    const writer = (async () => {
      while (!stop) {
        await source.sql(
          `INSERT INTO sipcalls (id, time, callid) SELECT id, now(), 'w' || ${writes} FROM selectors LIMIT 3`,
        )
        await source.sql(`UPDATE sipcalls SET username = 'w' || ${writes} WHERE rowid = ${1 + (writes % 50)}`)
        await source.sql(`DELETE FROM siptextmessages WHERE rowid = ${writes + 1}`)
        writes++
      }
    })()
    const rehearsed = await runCopy(source, target, { mode: 'rehearse' })
    expect(writes).toBeGreaterThan(0)
    const report = await runCopy(source, target, { mode: 'execute' })
    stop = true
    await writer
    expect(rehearsed).toMatchObject({ committed: false, problems: [], expectedSeconds: expect.any(Number) })
    expect(report).toMatchObject({ committed: false })
    expect(report.problems.join('\n')).toMatch(
      /sipcalls of the source was written to during the copy.*\n(.*\n)*Nothing was/,
    )
    expect(await rowCounts(target)).toMatchObject({ selectors: 0, sipcalls: 0 })
    expect(await runCopy(source, target, { mode: 'execute', freeze: true })).toMatchObject({ committed: true })
    await source.sql(`UPDATE sipcalls SET username = 'later' WHERE rowid = 60`)
    expect((await runCopy(source, target, { mode: 'verify-only' })).problems).toEqual([
      expect.stringContaining('sipcalls differs'),
    ])
  })

  /** Does something in the middle of a copy, before its snapshot ends. */
  const meanwhile = (work: () => Promise<unknown>) => {
    let done: Promise<unknown> | undefined
    const phase: Progress['phase'] = (...of) => {
      done ??= work()
      return silent.phase(...of)
    }
    return { progress: { ...silent, phase }, done: async () => done }
  }

  it('it takes no lock on the source that blocks them', async () => {
    const [source, target] = await pair()
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 40 })
    const { progress, done } = meanwhile(() =>
      source.sql(`SELECT DISTINCT l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'relation' AND a.datname = current_database() AND a.application_name = 'sipis-gateway copy'`),
    )
    await runCopy(source, target, { mode: 'execute' }, progress)
    expect(await done()).toEqual([['AccessShareLock']])
  })

  it('--freeze blocks them until the copy ends, and gives up if it has to wait for them', async () => {
    const [source, target] = await pair()
    await addDataSet({ version: 'V1', sql: source.sql }, { selectors: 40 })
    await source.sql(`SET lock_timeout = '10ms'`)
    const { progress, done } = meanwhile(() =>
      source.sql('DELETE FROM sipcalls').catch((error: { code: string }) => error.code),
    )
    expect((await runCopy(source, target, { mode: 'execute', freeze: true }, progress)).committed).toBe(true)
    expect(await done()).toBe('55P03')
    await source.sql('BEGIN')
    await source.sql('DELETE FROM sipcalls WHERE rowid = 1')
    const other = untilTestEnds(await cloneDatabase('V2'))
    await expect(runCopy(source, other, { mode: 'execute', freeze: true, lockTimeoutMs: 200 })).rejects.toMatchObject({
      kind: '55P03',
    })
    await source.sql('ROLLBACK')
  })
})
