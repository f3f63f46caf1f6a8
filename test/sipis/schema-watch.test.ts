import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Database } from '../../src/database/database.ts'
import { detect } from '../../src/sipis/detect.ts'
import { watchSchema } from '../../src/sipis/schema-watch.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../support/database.ts'
import { until } from '../support/until.ts'

it('The schema watch does not detect again after it is closed, although this was requested during a detection', async () => {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const reader = openReader(own.url)
  untilTestEnds({ [Symbol.asyncDispose]: () => reader.close() })
  let begun = 0
  let ended = 0
  const database: Database = {
    async query(statement, signal) {
      begun++
      watch.look()
      return reader.query(statement, signal).finally(() => {
        ended++
      })
    },
    close: () => reader.close(),
  }
  const detected = await detect(reader)
  const observe = () => undefined
  const watch = watchSchema({ database, detected, observe, onChange: () => expect.unreachable(), intervalMs: 1 })
  await until('it has detected', () => begun > 0 && begun === ended)
  await watch[Symbol.asyncDispose]()
  await until('what was under way has ended', async () => {
    const before = begun
    await sleep(50)
    return before === begun && begun === ended
  })
  const before = begun
  // Longer than the delay of a requested detection.
  await sleep(800)
  expect(begun).toBe(before)
})
