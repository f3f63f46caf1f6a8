import { expect, it } from 'vitest'
import type { Position } from '../../src/live/position.ts'
import { createTokens } from '../../src/live/tokens.ts'
import { bounds } from '../../src/loaders/changes.ts'

it.each(Object.entries(bounds))('The longest token of a feed %s opens again', (_, { mostSeen }) => {
  const tokens = createTokens({ secrets: ['a secret of the test'] })
  // As far apart as a token may reach, which is where they take the most bytes.
  const step = 2n ** 30n / BigInt(mostSeen)
  const mark = 2n ** 40n
  const position: Position = {
    database: 'ab'.repeat(8),
    timeline: 2 ** 32 - 1,
    mark,
    seen: Array.from({ length: mostSeen }, (_, n) => ({ xid: mark + BigInt(n + 1) * step, tag: n })),
    pending: { xid: 2n ** 64n - 1n, lsn: 2n ** 64n - 1n, checkpoint: 2n ** 64n - 1n },
  }
  expect(tokens.open(tokens.seal(position, 'scope'), 'scope')).toEqual(position)
})
