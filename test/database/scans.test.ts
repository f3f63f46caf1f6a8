import { describe, expect, it } from 'vitest'
import type { Share } from '../../src/concurrency/share.ts'
import type { ScanLimits } from '../../src/database/scans.ts'
import { openScans } from '../../src/database/scans.ts'

const never = new AbortController().signal
const limits: ScanLimits = { scans: 4, scansPerCaller: 2 }
const one = Array<string>(60).fill('one')
const many = Array.from({ length: 60 }, (_, number) => `caller ${number}`)

/** Counts how many tasks of these callers run at once if none of them ends. */
async function atOnce(share: Share, callers: readonly string[]): Promise<number> {
  let running = 0
  for (const caller of callers) {
    share
      .run(caller, never, () => {
        running++
        return new Promise(() => undefined)
      })
      .catch(() => undefined)
  }
  await new Promise((resolve) => setImmediate(resolve))
  return running
}

describe('Concurrent statements', () => {
  it.each([
    ['scans', 'scan', ({ scan }: ReturnType<typeof openScans>) => scan, limits, 2, 4],
    ['lists', 'list', ({ list }: ReturnType<typeof openScans>) => list, limits, 3, 60],
    ['lists', 'list', ({ list }: ReturnType<typeof openScans>) => list, { scans: 9, scansPerCaller: 5 }, 5, 60],
    ['look-ups', 'fast lane', fast, limits, 16, 32],
    ['look-ups', 'slow lane', slow, limits, 4, 8],
    ['large answers', 'turn', ({ turn }: ReturnType<typeof openScans>) => turn, limits, 1, 1],
    ['look-ups', 'fast lane', fast, { scans: 4, scansPerCaller: Number.POSITIVE_INFINITY }, 32, 32],
    ['look-ups', 'slow lane', slow, { scans: 4, scansPerCaller: Number.POSITIVE_INFINITY }, 8, 8],
  ] as const)('are limited for %s (%s) per caller and in total', async (...row) => {
    const [, , of, given, forOne, forAll] = row
    expect(await atOnce(of(openScans(given)), one)).toBe(forOne)
    expect(await atOnce(of(openScans(given)), many)).toBe(forAll)
  })

  it('are counted for each lane separately', async () => {
    const { lookUp } = openScans(limits)
    expect(await atOnce(lookUp({ lane: 'a' }), many)).toBe(32)
    expect(await atOnce(lookUp({ lane: 'a' }), many)).toBe(0)
    expect(await atOnce(lookUp({ lane: 'b' }), many)).toBe(32)
  })

  it.each([
    ['scan', 4],
    ['turn', 1],
  ] as const)('are rejected if more than a thousand wait (%s)', async (name, running) => {
    const scans = openScans(limits)
    const asked = Array.from({ length: 1_000 + running }, (_, number) => `caller ${number}`)
    expect(await atOnce(scans[name], asked)).toBe(running)
    await expect(scans[name].run('another', never, async () => 'ran')).rejects.toMatchObject({ code: 'BUSY' })
    const { lookUp } = openScans(limits)
    expect(await atOnce(lookUp({ lane: 'a' }), [...many, ...Array(972).fill('one')])).toBe(32)
  })

  it('are rejected when their signal is aborted', async () => {
    const { turn } = openScans(limits)
    await expect(turn.run('one', AbortSignal.abort(), async () => 'ran')).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(await turn.run('one', never, async () => 'ran')).toBe('ran')
  })
})

function fast({ lookUp }: ReturnType<typeof openScans>): Share {
  return lookUp({ lane: 'a' })
}

function slow({ lookUp }: ReturnType<typeof openScans>): Share {
  return lookUp({ lane: 'a', slow: true })
}
