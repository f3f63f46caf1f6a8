import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createWindows } from '../../../src/http/traffic/windows.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('A window', () => {
  it('counts the points of its key from the first ones on, whatever others consume', () => {
    const count = createWindows(60)
    expect(count(1, 5)).toEqual({ consumedPoints: 5, msBeforeNext: 60_000 })
    vi.advanceTimersByTime(20_000)
    expect(count(2, 1)).toEqual({ consumedPoints: 1, msBeforeNext: 60_000 })
    expect(count(1, 7)).toEqual({ consumedPoints: 12, msBeforeNext: 40_000 })
  })

  it('ends after its seconds, however much is counted meanwhile, and begins anew with the next points', () => {
    const count = createWindows(60)
    count(1, 5)
    vi.advanceTimersByTime(59_999)
    expect(count(1, 5)).toEqual({ consumedPoints: 10, msBeforeNext: 1 })
    vi.advanceTimersByTime(1)
    expect(count(1, 5)).toEqual({ consumedPoints: 5, msBeforeNext: 60_000 })
  })

  it('of no points begins as well', () => {
    const count = createWindows(60)
    count(1, 0)
    vi.advanceTimersByTime(10_000)
    expect(count(1, 0)).toEqual({ consumedPoints: 0, msBeforeNext: 50_000 })
  })

  it('ends for each key in turn', () => {
    const count = createWindows(60)
    for (let key = 0; key < 6; key++) {
      count(key, 1)
      vi.advanceTimersByTime(20_000)
    }
    const found = [0, 1, 2, 3, 4, 5].map((key) => count(key, 1).consumedPoints)
    expect(found).toEqual([1, 1, 1, 1, 2, 2])
  })
})
