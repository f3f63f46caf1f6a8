/**
 * The same rows in either version, as years of use and administrators may have left them: without keys; of selectors that are gone or have
 * no name; with bytes that are not UTF-8, infinite and extreme times, and parts that SIPIS did not record. They are around the times and
 * texts that docs/support.md asks for.
 */
import { random } from '../../src/tools/demo/random.ts'
import type { Opened } from './database.ts'

type Target = Pick<Opened, 'version' | 'sql'>

/** A text as its bytes, one character each; null only where v1 allows it. */
type Bytes = string | null
type Cell = { readonly bytes: Bytes } | string | number | null

const account = '1E98E50411BD0ACDE9637428EC18DFCA96CC2573'
/** By number. Two of one account, a short one, an empty one, some with wildcards and bytes that are not UTF-8, and two without a name. */
const names: readonly Bytes[] = [
  `${account}:5A880DCA`,
  `${account}:7C3A0D14`,
  `${account.slice(0, 39)}A:5A880DCA`,
  `${account}:`,
  'short',
  '',
  `${account.slice(0, 38)}\\%:1`,
  `${account.slice(0, 38)}__:1`,
  '\xff\xfe',
  '\xfe\xff',
  null,
  null,
]
/** Has rows, but no selector. */
const gone = names.length + 1

const extremes = [
  'infinity',
  '-infinity',
  '0044-03-15 00:00:00 BC',
  '12026-01-01',
  '294276-12-31 23:59:59',
  '4713-01-01 BC',
]
const texts = {
  username: ['+420601757504', '757504', '', null, 'alice', 'ALICE', '\xff', '\xfe', 'a\\b', '\xc5\xbd'],
  domain: ['example.com', 'EXAMPLE.com', '', null, '\xff.example', '\xfe.example', '\xff.EXAMPLE', '\xc5\xbd.example'],
  reason: ['Missed', 'AnsweredElsewhere', 'RejectedByDnd', '', '?', 'UNKNOWN', 'missed', '\xff'],
  callId: ['known@example', '', null, '\xff'],
  app: ['com.example.phone', 'com.example.web', '', '\xff', '\xfe', 'Com.Example.Phone'],
  platform: ['iOS', 'Android', '', '\xff', '\xfe', 'ios'],
  server: ['Sipis1', 'Sipis2', '', null, '\xff', '\xfe'],
  setting: ['username', 'host', 'title', '\xff'],
  value: ['1003', '1004', '', null, '\xff'],
} as const

const noon = Date.UTC(2026, 10, 21, 12)
const hourMs = 3_600_000

export async function addDirtyRows(target: Target): Promise<void> {
  await dropKeys(target)
  const [[encoding = ''] = []] = await target.sql('SHOW server_encoding')
  const adding = { ...chooser(), insert: inserter(target, String(encoding)) }
  await addSelectors(target, adding)
  await addHistories(adding)
  await addPushTests(adding)
  await addSettings(adding)
}

type Adding = ReturnType<typeof chooser> & { readonly insert: ReturnType<typeof inserter> }

function chooser() {
  const choose = random(4, 5, 6)
  let unique = 0
  const fraction = () => String(++unique).padStart(6, '0')
  return {
    choose,
    fraction,
    /** Within two days around the span, to the microsecond, so that no two are equal. */
    time: () =>
      choose.oneIn(12)
        ? choose.pick(extremes)
        : `${isoOf(noon - 24 * hourMs + choose.below(48 * hourMs)).slice(0, 19)}.${fraction()}`,
    /** A selector by its number. */
    owner: () => (choose.oneIn(12) ? gone : 1 + choose.below(names.length)),
    bytes: (from: readonly Bytes[]) => ({ bytes: choose.pick(from) }),
  }
}

async function addSelectors({ version }: Target, { insert, time }: Adding): Promise<void> {
  for (const [index, name] of names.entries())
    await insert('selectors', 0, { id: index + 1, selector: { bytes: name }, lastseen: instant(time()) })
  if (version === 'V1') return
  for (const [index, lastseen] of ['infinity', '-infinity', '2026-11-21', '2026-11-21'].entries()) {
    const selector = { bytes: names[index] ?? null }
    await insert('selectors', 0, { id: 20 + index, selector, lastseen: instant(lastseen) })
  }
}

async function addHistories({ insert, choose, time, owner, bytes }: Adding): Promise<void> {
  for (let row = 0; row < 240; row++) {
    const shared = {
      rowid: 1 + (row % 200),
      scheme: choose.pick(['sip', 'sips', '', null]),
      userdisplayname: { bytes: choose.pick([`n${row}`, '', null, '\xff']) },
      username: bytes(texts.username),
      domain: bytes(texts.domain),
      domainport: choose.pick([0, null, 5060, -1]),
      time: instant(time()),
    }
    await insert('sipcalls', owner(), { ...shared, callid: bytes(texts.callId), missedreason: bytes(texts.reason) })
    if (row % 3 > 0) continue
    const message = { ...shared, msgid: `m${row}`, contenttype: null, headers: '', body: null }
    await insert('siptextmessages', owner(), message)
  }
}

async function addPushTests({ insert, choose, time, owner, bytes, fraction }: Adding): Promise<void> {
  const known = new Set<string>()
  for (let row = 0; row < 200; row++) {
    const number = owner()
    const given = time()
    // Push tests of one selector and one time have no order that both versions share.
    const started = known.has(`${number} ${given}`) ? `2026-11-21 03:00:00.${fraction()}` : given
    known.add(`${number} ${given}`)
    const latency = choose.pick([80, 14_999, 15_000, 15_001, 70_000, -3_000])
    const startedMs = Date.parse(`${started.replace(' ', 'T')}Z`)
    const isOdd = choose.oneIn(4) || !(startedMs > noon - 48 * hourMs && startedMs < noon + 48 * hourMs)
    const concluded = isOdd ? choose.pick([...extremes, null]) : `${isoOf(startedMs + latency).slice(0, -1)}`
    const cells = { rowid: row + 1, pushid: `p${row}`, platform: bytes(texts.platform) }
    await insert('pushtests', number, { ...cells, started, concluded })
  }
}

async function addSettings({ insert, choose, time, owner, bytes }: Adding): Promise<void> {
  for (let row = 0; row < 60; row++) {
    const lastseen = choose.oneIn(4) ? null : instant(time())
    const token = { bytes: `t${row % 40}\xff` }
    await insert('tokens', owner(), { rowid: 1 + (row % 50), token, appid: bytes(texts.app), lastseen })
    const [value, server] = [bytes(texts.value), bytes(texts.server)]
    await insert('data', owner(), { rowid: row + 1, name: bytes(texts.setting), value })
    const cells = { rowid: row + 1, name: 'server', seq: row % 2 }
    await insert('restart', owner(), { ...cells, value: server, server })
  }
}

const isoOf = (ms: number) => new Date(ms).toISOString()
const instant = (time: string) => (time.endsWith('infinity') ? time : time.replace(/(?= BC$)|$/, '+00'))

/** Without its keys and rules a database lets orphans and duplicates in; the primary key of selectors stays in v1, where rows belong to it. */
async function dropKeys({ sql, version }: Target): Promise<void> {
  const kept = version === 'V1' ? `AND conname <> 'selectors_pkey'` : ''
  const constraints = await sql(
    `SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype IN ('f', 'p', 'u') AND connamespace = 'public'::regnamespace ${kept} ORDER BY contype`,
  )
  for (const [table, name] of constraints) await sql(`ALTER TABLE ${table} DROP CONSTRAINT "${name}"`)
  for (const [name, table] of await sql(`SELECT rulename, tablename FROM pg_rules WHERE schemaname = 'public'`))
    await sql(`DROP RULE "${name}" ON ${table}`)
}

/** Columns that one of the versions does not have. */
const missing: Readonly<Record<Opened['version'], ReadonlySet<string>>> = {
  V1: new Set(['sipcalls.missedreason', 'pushtests.rowid']),
  V2: new Set(['restart.server']),
}
/** Columns of v2 that may be null. */
const nullable = new Set(['lastseen', 'concluded', 'value'])

function inserter({ sql, version }: Target, encoding: string) {
  const text = (bytes: Bytes) => {
    if (bytes === null) return version === 'V1' ? 'NULL' : "''"
    const stored = encoding === 'SQL_ASCII' ? Buffer.from(bytes, 'latin1') : Buffer.from(wellFormed(bytes))
    return `convert_from('\\x${stored.toString('hex')}', '${encoding}')`
  }
  const cell = (column: string, value: Cell): string => {
    if (typeof value === 'object' && value !== null)
      return column === 'value' && value.bytes === null ? 'NULL' : text(value.bytes)
    if (value !== null) return `'${value}'`
    if (version === 'V1' || nullable.has(column)) return 'NULL'
    return column === 'domainport' ? '0' : "''"
  }
  return async (table: string, owner: number, cells: Readonly<Record<string, Cell>>) => {
    const link =
      version === 'V1' ? ['id', String(owner)] : ['selector', text(owner === gone ? 'gone' : (names[owner - 1] ?? ''))]
    const given = Object.entries(cells)
      .filter(([column]) => !missing[version].has(`${table}.${column}`))
      .map(([column, value]) => [column, cell(column, value)])
    const all = owner === 0 ? given : [link, ...given]
    await sql(
      `INSERT INTO ${table} (${all.map(([column]) => column).join(', ')}) VALUES (${all.map(([, value]) => value).join(', ')})`,
    )
  }
}

/** Bytes that are no UTF-8 become letters of their own. */
function wellFormed(bytes: string): string {
  const decoded = Buffer.from(bytes, 'latin1').toString('utf8')
  return decoded.includes('\ufffd') ? bytes : decoded
}
