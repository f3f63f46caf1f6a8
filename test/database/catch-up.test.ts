import { describe, expect, it } from 'vitest'
import { CatchUp } from '../../src/database/replicas/catch-up.ts'

const notCaughtUp = 'it has not replayed yet what was stored while it was away'

/** Notes one look for each pair: what the standby has replayed, null if it is away, and the end of the log of the primary. */
function looks(...pairs: readonly (readonly [number | null, number | undefined])[]): (string | undefined)[] {
  const catchUp = new CatchUp()
  return pairs.map(([replayed, end]) =>
    catchUp.note(
      replayed === null
        ? 'ECONNREFUSED'
        : { identity: '', isStandby: true, lagMs: 0, xmin: 3n, position: BigInt(replayed) },
      end === undefined ? undefined : BigInt(end),
    ),
  )
}

describe('A standby', () => {
  it('is read at the start once it has replayed what the primary had then', () => {
    expect(looks([10, 10], [10, 20])).toEqual([undefined, undefined])
    expect(looks([5, 10], [9, 20], [10, 30])).toEqual([notCaughtUp, notCaughtUp, undefined])
  })

  it('is read after it was away once it has replayed what the primary had at the fifth look', () => {
    const away = [[10, 10] as const, [null, 20] as const]
    const back = [10, 20, 30, 40, 50].map((replayed) => [replayed, replayed + 10] as const)
    const found = looks(...away, ...back, [59, 70], [60, 80], [60, 90])
    expect(found.slice(2, 8)).toEqual(Array(6).fill(notCaughtUp))
    expect(found.slice(8)).toEqual([undefined, undefined])
  })

  it('that has replayed less than at the look before was away meanwhile', () => {
    expect(looks([10, 10], [8, 10], [10, 10])).toEqual([undefined, notCaughtUp, notCaughtUp])
  })

  it('is not held to the log of a primary that was restored and is shorter', () => {
    expect(looks([50, 100], [60, 55])).toEqual([notCaughtUp, undefined])
  })

  it('is read while the primary is away', () => {
    expect(looks([5, 10], [5, undefined], [5, 20])).toEqual([notCaughtUp, undefined, notCaughtUp])
  })
})
