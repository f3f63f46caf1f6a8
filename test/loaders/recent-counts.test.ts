import { describe, expect, it } from 'vitest'
import { createRecentCounts } from '../../src/loaders/recent-counts.ts'
import { detect } from '../../src/sipis/detect.ts'
import { projectionOf } from '../../src/sipis/versions.ts'
import { backends, untilTestEnds } from '../support/database.ts'
import { addRow, addSelector } from '../support/rows.ts'

const recently = new Date(Date.now() - 1_800_000).toISOString()
const before = new Date(Date.now() - 7_200_000).toISOString()
/** Formats as SIPIS stores push tests: local time without the zone. */
const inTokyo = (time: string) => new Date(Date.parse(time) + 9 * 3_600_000).toISOString().replace('Z', '')

describe.each(backends)('The counts of the last hour on $name', ({ version, open }) => {
  it('include only rows of that hour, in few groups', async () => {
    const opened = untilTestEnds(await open())
    await addSelector(opened, 1, { lastseen: recently })
    await addSelector(opened, 2, { lastseen: recently })
    await addSelector(opened, 3, { lastseen: before })
    for (const [number, missedreason] of ['Missed', 'Missed', 'RejectedByDnd', 'Exotic', 'x'.repeat(20)].entries())
      await addRow(opened, 'sipcalls', 1, { rowid: number + 1, missedreason, time: recently })
    await addRow(opened, 'sipcalls', 1, { rowid: 9, missedreason: 'Missed', time: before })
    const push = (pushid: string, platform: string, started: string, concluded: string | null) =>
      addRow(opened, 'pushtests', 1, { pushid, platform, started: inTokyo(started), concluded })
    await push('a', 'iOS', recently, null)
    await push('b', 'iOS', recently, inTokyo(recently))
    await push('c', 'Android', recently, null)
    await push('d', 'toaster', recently, null)
    await push('e', 'kettle', recently, null)
    await push('f', 'iOS', before, null)

    const detected = await detect(opened.database)
    const counts = createRecentCounts(opened.database, projectionOf(version, { ...detected, timeZone: 'Asia/Tokyo' }))
    const { signal } = new AbortController()
    expect(await counts.selectors(signal)).toBe(2)
    const calls = (await counts.calls(signal)).map(({ reason, count }) => `${reason} ${count}`)
    expect(calls.toSorted()).toEqual(version === 'V1' ? ['null 5'] : ['MISSED 2', 'REJECTED_BY_DND 1', 'UNKNOWN 2'])
    const tests = (await counts.pushTests(signal)).map(
      ({ platform, isConcluded, count }) => `${platform} ${isConcluded ? 'concluded' : 'pending'} ${count}`,
    )
    expect(await counts.archiveLag(signal)).toBeUndefined()
    expect(tests.toSorted()).toEqual(['Android pending 1', 'iOS concluded 1', 'iOS pending 1', 'null pending 2'])
  })
})
