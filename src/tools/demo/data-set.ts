/**
 * Generates a SIPIS database. The same options give the same rows in both schema versions. Each row is derived from (seed, table,
 * installation), so that tables can be streamed independently.
 */
import { createHash } from 'node:crypto'
import type { SchemaVersion } from '../../sipis/schema-version.ts'
import { describedTables } from '../../sipis/versions.ts'
import type { DataSetOptions } from './options.ts'
import { displayNames, domains } from './people.ts'
import type { Random } from './random.ts'
import { random } from './random.ts'

export type Cell = string | number | null

export interface DataTable {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: number
  rowsOf(installation: number): Cell[][]
}

/** All times are before this one. Fixed, so that the data set is reproducible. */
export const newest = Date.UTC(2026, 10, 22)
const day = 86_400_000

const appIds = {
  iOS: ['com.example.phone.voip', 'com.example.phone'],
  Android: ['com.example.phone.android'],
  Web: ['com.example.phone.web'],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>
type Platform = keyof typeof appIds
/** One of so many push tests is never confirmed. */
const failsOneIn: Readonly<Record<Platform, number>> = { iOS: 30, Android: 12, Web: 2 }
const servers = ['Sipis1', 'Sipis2', 'Sipis3'] as const
const reasons = ['Missed', 'Missed', 'Missed', 'AnsweredElsewhere', 'RejectedByDnd'] as const
const contentTypes = ['text/plain', 'text/plain', 'application/x-acro-filetransfer+json'] as const

/** The tables of the data set, with the columns of this version. */
export function dataSet(version: SchemaVersion, options: DataSetOptions): DataTable[] {
  const described = new Map(describedTables[version].map(({ name, columns }) => [name, columns]))
  return everyColumn(options).map((table) => withColumns(table, described.get(table.name) ?? []))
}

/** Leaves out the columns that a version does not have. */
function withColumns({ columns, rowsOf, ...table }: DataTable, present: readonly string[]): DataTable {
  const kept = columns.map((column) => present.includes(column))
  const keep = <T>(row: readonly T[]) => row.filter((_, place) => kept[place])
  return { ...table, columns: keep(columns), rowsOf: (installation) => rowsOf(installation).map(keep) }
}

/** Columns that link a row to its selector: `id` in v1, `selector` in v2. */
const owner = ['id', 'selector'] as const

/** The tables with the columns of all versions. */
function everyColumn(options: DataSetOptions): DataTable[] {
  const { selectors, calls, messages, randomSeed } = options
  const sequenced = (
    name: string,
    count: number,
    columns: readonly string[],
    make: (of: RowOf) => Cell[],
  ): DataTable => ({
    name,
    columns: ['rowid', ...owner, ...columns],
    rows: selectors * count,
    rowsOf: (installation) => {
      const owned = ownerCells(randomSeed, installation)
      const choose = random(randomSeed, name.length * 31 + name.charCodeAt(0), installation)
      return Array.from({ length: count }, (_, row) => [
        installation * count + row + 1,
        ...owned,
        ...make({ installation, row, choose }),
      ])
    },
  })
  const peer = ['scheme', 'userdisplayname', 'username', 'domain', 'domainport']

  return [
    {
      name: 'selectors',
      columns: ['id', 'selector', 'lastseen'],
      rows: selectors,
      rowsOf: (index) => [[index + 1, selectorName(randomSeed, index), timestamp(random(randomSeed, 1, index), 3)]],
    },
    tokenTable(options),
    sequenced('sipcalls', calls, [...peer, 'callid', 'time', 'missedreason'], ({ installation, choose }) => [
      ...contact(randomSeed, installation, choose),
      callId(choose),
      timestamp(choose, 30),
      choose.pick(reasons),
    ]),
    sequenced(
      'siptextmessages',
      messages,
      [...peer, 'msgid', 'contenttype', 'headers', 'body', 'time'],
      ({ installation, choose }) => [
        ...contact(randomSeed, installation, choose),
        callId(choose),
        choose.pick(contentTypes),
        `<headers><header name="X-Id">${choose.hex(8)}</header></headers>`,
        Buffer.from(choose.hex(64), 'hex').toString('base64'),
        timestamp(choose, 14),
      ],
    ),
    pushTestTable(options),
    ...(options.accounts === true ? accountTables(sequenced) : []),
  ]
}

type Sequenced = (name: string, count: number, columns: readonly string[], make: (of: RowOf) => Cell[]) => DataTable

function accountTables(sequenced: Sequenced): DataTable[] {
  return [
    sequenced('data', settings.length, ['name', 'value', 'longvalue'], ({ installation, row }) => {
      const { name, of } = settings[row] ?? settings[0]
      return [name, of(installation), null]
    }),
    // Version 1 has the server in a column of every entry, version 2 in an entry of this name.
    sequenced('restart', 1, ['name', 'seq', 'value', 'longvalue', 'server'], ({ installation }) => {
      const server = servers[installation % servers.length] ?? servers[0]
      return ['server', 0, server, null, server]
    }),
  ]
}

/** Entries of an account. Its installations share them. */
const settings = [
  { name: 'title', of: (installation: number) => `Line ${1 + (account(installation) % 3)}` },
  { name: 'username', of: (installation: number) => String(1_000 + account(installation)) },
  { name: 'host', of: (installation: number) => domains[account(installation) % 3] ?? '' },
  {
    name: 'userDisplayName',
    of: (installation: number) => displayNames[account(installation) % displayNames.length] ?? '',
  },
] as const

function ownerCells(randomSeed: number, installation: number): Cell[] {
  return [installation + 1, selectorName(randomSeed, installation)]
}

interface RowOf {
  readonly installation: number
  readonly row: number
  readonly choose: Random
}

/** Account index of each of ten installations: six accounts, some with two or three devices. */
const accountOf = [0, 1, 1, 2, 3, 3, 3, 4, 5, 5] as const

function account(installation: number): number {
  return Math.floor(installation / accountOf.length) * 6 + (accountOf[installation % accountOf.length] ?? 0)
}

function platformOf(installation: number): Platform {
  if (installation % 5 < 3) return 'iOS'
  return installation % 20 === 19 ? 'Web' : 'Android'
}

/** Selector string: a SHA-1 that all installations of an account share, a colon, and a suffix per installation. */
export function selectorName(randomSeed: number, installation: number): string {
  const shared = digest(`account ${randomSeed} ${account(installation)}`)
  return `${shared}:${digest(`installation ${randomSeed} ${installation}`).slice(0, 8)}`
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex').toUpperCase()
}

/** iOS has a token for calls and one for everything else; the number of an installation's rows depends on its platform. */
function tokenTable(options: DataSetOptions): DataTable {
  const { selectors, tokens, randomSeed } = options
  // The counts repeat after 25 installations, of which one has lost its tokens.
  const count = (installation: number) => {
    if (installation % 25 === 24) return 0
    return platformOf(installation) === 'iOS' ? tokens : Math.min(tokens, 1)
  }
  const sums = Array.from({ length: 26 }, (_, n) => sumOf(n, count))
  const before = (installation: number) =>
    Math.floor(installation / 25) * (sums[25] ?? 0) + (sums[installation % 25] ?? 0)
  return {
    name: 'tokens',
    columns: ['rowid', ...owner, 'token', 'appid', 'lastseen'],
    rows: before(selectors),
    rowsOf: (installation) => {
      const choose = random(randomSeed, 2, installation)
      const owned = ownerCells(randomSeed, installation)
      return Array.from({ length: count(installation) }, (_, row) => [
        before(installation) + row + 1,
        ...owned,
        Buffer.from(choose.hex(64), 'hex').toString('base64'),
        appOf(platformOf(installation), row),
        choose.oneIn(20) ? null : timestamp(choose, 3),
      ])
    },
  }
}

function sumOf(installations: number, count: (installation: number) => number): number {
  return Array.from({ length: installations }, (_, n) => count(n)).reduce((sum, one) => sum + one, 0)
}

function appOf(platform: Platform, row: number): string {
  const ids: readonly string[] = appIds[platform]
  return ids[row % ids.length] ?? appIds[platform][0]
}

function pushTestTable({ selectors, pushTests: count, randomSeed }: DataSetOptions): DataTable {
  return {
    name: 'pushtests',
    columns: ['rowid', ...owner, 'pushid', 'platform', 'started', 'concluded'],
    rows: selectors * count,
    rowsOf: (installation) => {
      const choose = random(randomSeed, 3, installation)
      const owned = ownerCells(randomSeed, installation)
      const platform = platformOf(installation)
      return Array.from({ length: count }, (_, row) => {
        // The newest of some installations are under way.
        const isPending = row === 0 && installation % 10 === 3
        const started = newest - (isPending ? 1_000 + choose.below(8_000) : choose.below(7 * day))
        // One in 15 comes when the caller has given up.
        const latency = choose.oneIn(15) ? 15_000 + choose.below(60_000) : 80 + choose.below(200) * choose.below(20)
        const isLost = choose.oneIn(failsOneIn[platform])
        return [
          installation * count + row + 1,
          ...owned,
          choose.hex(32),
          platform,
          local(started),
          isPending || isLost ? null : local(started + latency),
        ]
      })
    },
  }
}

/** Picks one of the 12 contacts of an account, some of them more often, or one of few callers who call everybody. */
function contact(randomSeed: number, installation: number, choose: Random): Cell[] {
  const own = Math.min(choose.below(12), choose.below(12))
  const person = choose.oneIn(12)
    ? random(randomSeed, 6, Math.min(choose.below(8), choose.below(8)))
    : random(randomSeed, 4, account(installation) * 12 + own)
  const isNumber = !person.oneIn(4)
  const username = isNumber ? `+420${600_000_000 + person.below(200_000_000)}` : `user.${person.hex(4)}`
  const scheme = person.oneIn(30) ? 'sips' : 'sip'
  const port = person.oneIn(10) ? 5060 + person.below(20) : 0
  return [
    scheme,
    person.pick(displayNames),
    username,
    domains[Math.min(person.below(domains.length), person.below(domains.length))] ?? '',
    port,
  ]
}

function callId(choose: Random): string {
  return `${choose.hex(16)}@${choose.below(256)}.${choose.below(256)}.example`
}

function timestamp(choose: Random, days: number): string {
  const micros = choose.below(1000).toString().padStart(3, '0')
  return `${new Date(newest - choose.below(days * day)).toISOString().slice(0, 23)}${micros}Z`
}

function local(time: number): string {
  return new Date(time).toISOString().slice(0, 23)
}
