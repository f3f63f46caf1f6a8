import { DatabaseError } from '../errors/database-error.ts'
import { BadInput } from '../loaders/bad-input.ts'
import type { EventKind, Mark, RowVersion, Sight } from '../loaders/changes.ts'
import { bounds } from '../loaders/changes.ts'
import type { Loaders } from '../loaders/loaders.ts'
import type { EventRow } from '../loaders/row-versions.ts'
import type { SelectorRow } from '../sipis/projection.ts'
import type { ResetReason } from './advance.ts'
import { advance, isBehind } from './advance.ts'
import type { Position } from './position.ts'
import { startAt } from './position.ts'
import type { Tokens } from './tokens.ts'
import { MalformedToken } from './tokens.ts'

/** What is new since a token. */
export interface Pulled {
  readonly versions: readonly ChangedRow[]
  readonly token: string
  readonly hasMore: boolean
  readonly reset: ResetReason | null
  /** Whether the server may not have replayed yet what the client knows. */
  readonly mayLag: boolean
}

/** A version that is new, with its row. */
export interface ChangedRow {
  readonly kind: EventKind
  readonly row: EventRow
}

/** What a feed is of. Its tokens open for no other. */
export interface Feed {
  readonly scope: string
  readonly see: (mark: Mark) => Promise<Sight>
  /** Whose rows they are; undefined for those of all. */
  readonly owner: SelectorRow | undefined
  readonly mostVersions: number
  readonly mostSeen: number
}

export function feedOfSelector({ changes }: Loaders, owner: SelectorRow): Feed {
  return {
    scope: `selector ${owner.exact}`,
    see: (mark) => changes.ofSelector(owner, mark),
    owner,
    ...bounds.ofSelector,
  }
}

export function feedOfAll({ changes }: Loaders, kinds: readonly EventKind[]): Feed {
  return {
    owner: undefined,
    scope: `all ${kinds.join(' ')}`,
    see: (mark) => changes.ofAll(kinds, mark),
    ...bounds.ofAll,
  }
}

export interface Since {
  /** Null for a token alone. */
  readonly since: string | null
  readonly first: number
}

/**
 * What is new in a feed since a token. A reset comes with a token that begins now.
 *
 * @throws BadInput if the token is malformed or of another feed
 * @throws ChangesUnsupported if the role or the server does not let the gateway see transactions
 */
export async function pull(loaders: Loaders, tokens: Tokens, feed: Feed, { since, first }: Since): Promise<Pulled> {
  if (since === null) return begin(tokens, feed, null)
  const position = opened(tokens, since, feed.scope)
  if (position === undefined) return begin(tokens, feed, 'EXPIRED')
  const sight = await look(tokens, feed, position.mark)
  const found = advance(position, sight, { ...feed, first })
  if (found.reset !== null) return begin(tokens, feed, found.reset)
  const { rows, missing } = await rowsOf(loaders, feed, found.versions)
  const step = missing.size === 0 ? found : advance(position, sight, { ...feed, first }, missing)
  if (step.reset !== null) return begin(tokens, feed, step.reset)
  return {
    versions: step.versions.flatMap((version) => rows.get(version) ?? []),
    token: tokens.seal(step.position, feed.scope),
    hasMore: step.hasMore,
    reset: null,
    mayLag: isBehind(position, sight),
  }
}

async function begin(tokens: Tokens, feed: Feed, reset: ResetReason | null): Promise<Pulled> {
  const sight = await look(tokens, feed, null)
  const token = tokens.seal(startAt(sight, feed.mostSeen), feed.scope)
  return { versions: [], token, hasMore: false, reset, mayLag: sight.isStandby }
}

function opened(tokens: Tokens, since: string, scope: string): Position | undefined {
  try {
    return tokens.open(since, scope)
  } catch (error) {
    if (error instanceof MalformedToken) throw new BadInput(notAToken, ['since'])
    throw error
  }
}

const notAToken =
  'since is not a token of this field and selector. Pass the `token` of an earlier answer, or leave it out to get a new one.'

interface FoundRows {
  readonly rows: ReadonlyMap<RowVersion, ChangedRow>
  /** Versions that the next pull sees again where they are then, unless they are gone. */
  readonly missing: ReadonlySet<RowVersion>
}

async function rowsOf({ rowVersions }: Loaders, feed: Feed, versions: readonly RowVersion[]): Promise<FoundRows> {
  const found = await Promise.all(versions.map((version) => rowVersions.load(version)))
  const isFound = found.map((row) => row !== undefined && isOf(feed, row))
  return {
    rows: new Map(
      versions.flatMap((version, index) => {
        const row = found[index]
        return row == null ? [] : [[version, { kind: version.kind, row }]]
      }),
    ),
    missing: new Set(versions.filter((_, index) => isFound[index] === false)),
  }
}

/** A row may have lost its selector since it was seen, or another selector's row may have moved to its place. */
function isOf({ owner }: Feed, row: EventRow | null): boolean {
  return owner === undefined || row?.owner?.key === owner.key
}

/** The role may not read the column xmin or call a function, or the tables are views, or the server is none of PostgreSQL's. */
export class ChangesUnsupported extends Error {
  constructor(cause: DatabaseError) {
    super(`changes is not possible on this database: ${cause.message}`)
    this.name = 'ChangesUnsupported'
  }
}

const unsupported = new Set(['42501', '42703', '42883', '0A000', '58P01'])

/** The operator's generation makes another database of one that was restored from an image of its disk. */
async function look({ generation }: Tokens, feed: Feed, mark: Mark): Promise<Sight> {
  try {
    const sight = await feed.see(mark)
    return { ...sight, identity: `${sight.identity} ${generation}` }
  } catch (error) {
    throw error instanceof DatabaseError && unsupported.has(error.code) ? new ChangesUnsupported(error) : error
  }
}
