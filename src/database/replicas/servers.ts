/**
 * A database with standbys. Each operation reads from one server: from a standby, where one is usable. A statement that fails because
 * its server is away is run on the next one, and so are the later statements of its operation.
 */
import type { SQL } from 'drizzle-orm'
import { databaseError, isUnreadable } from '../../errors/database-error.ts'
import type { Database, Statement, Values } from '../database.ts'
import { CatchUp } from './catch-up.ts'
import type { Sign } from './probe.ts'
import { probe, problemOf } from './probe.ts'

export interface Server {
  /** host:port/database, for the log. */
  readonly label: string
  readonly database: Database
}

export interface ServersOptions {
  readonly primary: Server
  readonly standbys: readonly Server[]
  /** Seconds. A standby that is further behind is not read. By default a minute, while the primary answers. */
  readonly maxLag: number | undefined
  /** Called when a standby becomes usable, or no longer is. `problem` says why not. */
  readonly onChange: (change: StandbyChange) => void
  readonly probeEveryMs?: number | undefined
}

export interface StandbyChange {
  readonly standby: string
  readonly problem: string | undefined
  /** How many standbys are usable now. */
  readonly usable: number
}

interface Standing {
  readonly server: Server
  readonly catchUp: CatchUp
  /** Why it is not read; undefined if it is usable. */
  problem: string | undefined
}

const defaultProbeEveryMs = 1_000
/** One that has lost its primary goes on answering, with what it had. */
const defaultMaxLag = 60

const notLookedAt = 'it was not looked at yet'

/** The primary and its standbys as one database. Standbys are read once a probe has found them usable. */
export function openServers(options: ServersOptions): Database {
  const { primary, onChange, probeEveryMs = defaultProbeEveryMs } = options
  const standbys: Standing[] = options.standbys.map((server) => ({
    server,
    catchUp: new CatchUp(),
    problem: notLookedAt,
  }))
  const usable = () => standbys.filter(({ problem }) => problem === undefined).map(({ server }) => server)
  let isPrimaryAway = false
  /** The primary's, kept while it is away. */
  let identity: string | undefined
  let turn = 0
  let lowestXmin: bigint | undefined

  const look = async () => {
    const [ofPrimary, ...ofStandbys] = await Promise.all(
      [primary, ...options.standbys].map(({ database }) => probe(database)),
    )
    isPrimaryAway = typeof ofPrimary === 'string'
    if (typeof ofPrimary === 'object') identity = ofPrimary.identity
    const end = typeof ofPrimary === 'object' ? ofPrimary.position : undefined
    for (const [index, standing] of standbys.entries()) judge(standing, ofStandbys[index] ?? notLookedAt, end)
    const own = [ofPrimary, ...ofStandbys].flatMap((sign) =>
      typeof sign === 'object' && sign.identity === identity ? [sign.xmin] : [],
    )
    lowestXmin = own.reduce<bigint | undefined>(
      (low, xmin) => (low === undefined || xmin < low ? xmin : low),
      undefined,
    )
  }
  const judge = (standing: Standing, sign: Sign | string, end: bigint | undefined) => {
    const notCaughtUp = standing.catchUp.note(sign, end)
    const maxLag = options.maxLag ?? (isPrimaryAway ? undefined : defaultMaxLag)
    const problem =
      typeof sign === 'object' ? (problemOf(sign, { identity, isPrimaryAway, maxLag }) ?? notCaughtUp) : sign
    const wasUsable = standing.problem === undefined
    const isNew = standing.problem !== problem
    standing.problem = problem
    // A standby that falls behind has another reason each second.
    if (isNew && (wasUsable || problem === undefined))
      onChange({ standby: standing.server.label, problem, usable: usable().length })
  }
  const looks = repeat(probeEveryMs, look)
  const ofAll = { lowestXmin: () => looks.first.then(() => lowestXmin) }
  const inOrder = (first: readonly Server[], then: readonly Server[]) => followed([...first, ...then])
  return {
    ...ofAll,
    query: (statement, signal) =>
      (isPrimaryAway ? inOrder(usable(), [primary]) : inOrder([primary], usable())).query(statement, signal),
    forOperation() {
      const standbysNow = usable()
      const at = standbysNow.length === 0 ? 0 : turn++ % standbysNow.length
      return { ...ofAll, ...inOrder([...standbysNow.slice(at), ...standbysNow.slice(0, at)], [primary]) }
    },
    // A standby cannot listen.
    ...(primary.database.listen === undefined ? {} : { listen: primary.database.listen }),
    async close() {
      looks.end()
      await Promise.all([primary, ...options.standbys].map(({ database }) => database.close()))
    },
  }
}

/** Servers of which each statement goes to the first that was not found away. */
function followed(servers: readonly Server[]): Database {
  let at = 0
  const query = async (statement: SQL | Statement, signal?: AbortSignal): Promise<Values[]> => {
    for (;;) {
      const tried = at
      const { database } = servers[tried] ?? raise()
      try {
        return await database.query(statement, signal)
      } catch (error) {
        const isLast = tried === servers.length - 1
        if (isLast || signal?.aborted === true || !mayDifferElsewhere(error)) throw error
        // Another statement of the operation may have moved on already.
        at = Math.max(at, tried + 1)
      }
    }
  }
  return { query, moves: () => at, close: async () => undefined }
}

/** The server is away, or is a standby that cancels statements or has not replayed a change of the tables. */
function mayDifferElsewhere(error: unknown): boolean {
  const { failure, code } = databaseError(error)
  return failure === 'unavailable' || isUnreadable(code)
}

function raise(): never {
  throw new Error('There is no server.')
}

/** Runs work at once, and again some time after it has ended. `first` is the end of the first time. */
function repeat(ms: number, work: () => Promise<void>): { readonly first: Promise<void>; end(): void } {
  let timer: NodeJS.Timeout | undefined
  let isEnded = false
  const run = async () => {
    await work()
    if (!isEnded) timer = setTimeout(run, ms).unref()
  }
  return {
    first: run(),
    end() {
      isEnded = true
      clearTimeout(timer)
    },
  }
}
