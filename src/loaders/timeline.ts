import { sql } from 'drizzle-orm'
import type { Database, Values } from '../database/database.ts'
import { decoder, text } from '../sipis/columns.ts'
import type { CallRow, Columns, MessageRow, Projection, PushTestRow, SelectorRow } from '../sipis/projection.ts'
import { groupedUnlessOne } from './batched.ts'
import type { EventKind } from './changes.ts'
import { eventKinds } from './changes.ts'
import type { Owned } from './collection.ts'
import { bySignature } from './collection.ts'
import type { Page } from './keyset.ts'
import type { Pace } from './pace.ts'
import type { Place, TimelineCountQuery, TimelinePageQuery } from './timeline-statements.ts'
import { kindNumbers, timelineStatements } from './timeline-statements.ts'

export type TimelineRow = Owned<CallRow & Place> | Owned<MessageRow & Place> | Owned<PushTestRow & Place>

/**
 * Reads calls, messages and push tests of a selector in one order. Pages of several selectors are batched into one statement, as in
 * a collection.
 */
export interface Timeline {
  pageOf(owner: SelectorRow, query: TimelinePageQuery): Promise<Page<TimelineRow>>
  countOf(owner: SelectorRow, query: TimelineCountQuery): Promise<number>
}

/** Prepares decoders and statements once per projection; the returned function creates the timeline of one operation. */
export function prepareTimeline(projection: Projection): (database: Database, pace?: Pace) => Timeline {
  const statements = timelineStatements(projection)
  const decode = timelineDecoder(projection)
  return (database, pace) => {
    const pages = bySignature<TimelinePageQuery, Values[]>(async (keys, query) => {
      const found = await database.query(statements.page(keys, query))
      return groupedUnlessOne(found, keys.length, statements.width)
    })
    const counts = bySignature<TimelineCountQuery, number>(async (keys, query) => {
      const found = await database.query(statements.count(keys, query))
      const ofEach = groupedUnlessOne(found, keys.length, 1)
      return ofEach.map(([counted]) => Number(counted?.[0] ?? 0))
    })
    return {
      async pageOf(owner, query) {
        if (query.kinds.length === 0) return query.window.cut<TimelineRow>([])
        const found = await pages(owner.key, query)
        const page = query.window.cut(found.map((values) => decode(values, owner)))
        await pace?.take(page.rows.length)
        return page
      },
      countOf: (owner, query) => (query.kinds.length === 0 ? Promise.resolve(0) : counts(owner.key, query)),
    }
  }
}

export function kindOfEvent({ eventKind }: Place): EventKind {
  const found = eventKinds.find((kind) => String(kindNumbers[kind]) === eventKind)
  if (found === undefined) throw new Error('A row of the timeline has an unknown kind.')
  return found
}

function timelineDecoder({ calls, messages, pushTests }: Projection) {
  const decoders = {
    CALL: decoder(placed(calls.columns)),
    MESSAGE: decoder(placed(messages.columns)),
    PUSH_TEST: decoder(placed(pushTests.columns)),
  }
  return (values: Values, owner: SelectorRow): TimelineRow =>
    decoders[kindOfEvent({ eventTime: '', eventKind: values[1] ?? '', eventRowid: '' })](values, 0, owner)
}

/** A row as the statement gives it: its place, then its columns. */
function placed<Row>(columns: Columns<Row>): Columns<Place & Row> {
  const [eventTime, eventKind, eventRowid] = [text(sql`t`), text(sql`k`), text(sql`r`)]
  return { eventTime, eventKind, eventRowid, ...columns } as Columns<Place & Row>
}
