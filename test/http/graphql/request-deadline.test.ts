import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RequestDeadline } from '../../../src/http/graphql/request-deadline.ts'
import { Refusal } from '../../../src/http/refusal.ts'
import { OperationReceiver } from '../../../src/http/websocket/operation-receiver.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const forever = new Promise<never>(() => undefined)

function deadlineOf(ms: number) {
  const receiver = new OperationReceiver()
  return { receiver, deadline: new RequestDeadline(receiver, ms) }
}

describe('The deadline of a request', () => {
  it('has no timer and no listener unless something waits', async () => {
    const { receiver, deadline } = deadlineOf(100)
    expect(deadline.wait('a value')).toBe('a value')
    await deadline.waitForClient(Promise.resolve())
    deadline[Symbol.dispose]()
    expect([vi.getTimerCount(), receiver.listenerCount('close')]).toEqual([0, 0])
  })

  it('has neither after its end', async () => {
    const { receiver, deadline } = deadlineOf(100)
    expect(await deadline.wait(Promise.resolve('a value'))).toBe('a value')
    expect([vi.getTimerCount(), receiver.listenerCount('close')]).toEqual([1, 1])
    deadline[Symbol.dispose]()
    expect([vi.getTimerCount(), receiver.listenerCount('close')]).toEqual([0, 0])
  })

  it('aborts a signal that is asked for late at the same time as one that is asked for at once', () => {
    const { deadline } = deadlineOf(100)
    vi.advanceTimersByTime(60)
    const { signal } = deadline
    vi.advanceTimersByTime(39)
    expect(signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect([signal.aborted, deadline.isOver]).toEqual([true, true])
  })

  it.each([true, false])('does not count the time of the client, with a signal before it: %s', async (isEarly) => {
    const { deadline } = deadlineOf(100)
    if (isEarly) void deadline.signal
    vi.advanceTimersByTime(60)
    const sent = Promise.withResolvers<string>()
    const received = deadline.waitForClient(sent.promise)
    vi.advanceTimersByTime(1_000)
    sent.resolve('a body')
    expect(await received).toBe('a body')
    const { signal } = deadline
    vi.advanceTimersByTime(39)
    expect(signal.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(signal.aborted).toBe(true)
  })

  it('aborts its signal when the connection closes, and at once if it has closed before', () => {
    const { receiver, deadline } = deadlineOf(100)
    const { signal } = deadline
    receiver.leave()
    expect([signal.aborted, deadline.isOver]).toEqual([true, true])
    expect(new RequestDeadline(receiver, 100).signal.aborted).toBe(true)
    expect(() => new RequestDeadline(receiver, 100).wait('a value')).toThrow(Refusal)
  })

  it('refuses what is not done in time, but not what is refused in time', async () => {
    const { deadline } = deadlineOf(100)
    const late = expect(deadline.wait(forever)).rejects.toMatchObject({ status: 503, code: 'UNAVAILABLE' })
    vi.advanceTimersByTime(100)
    await late
    const refusal = new Refusal(429, 'RATE_LIMITED', 'Too much.')
    await expect(deadlineOf(100).deadline.wait(Promise.reject(refusal))).rejects.toBe(refusal)
  })

  it('ends nothing after it was disposed of', () => {
    const { receiver, deadline } = deadlineOf(100)
    deadline[Symbol.dispose]()
    const { signal } = deadline
    receiver.leave()
    vi.advanceTimersByTime(200)
    expect(signal.aborted).toBe(false)
  })
})
