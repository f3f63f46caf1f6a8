import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { createHealth } from '../../../src/http/operations/health.ts'
import { detect } from '../../../src/sipis/detect.ts'
import { cloneDatabase, openReader, untilTestEnds } from '../../support/database.ts'

it('/health is 503 while the database accepts connections without answering', async () => {
  const own = untilTestEnds(await cloneDatabase('V2'))
  const reader = openReader(own.url)
  const detected = await detect(reader)
  await reader.close()
  const sockets: Socket[] = []
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  untilTestEnds({
    async [Symbol.asyncDispose]() {
      silent.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  // The connection itself has a time limit ten times as long.
  const health = createHealth(openReader(`postgres://x:x@127.0.0.1:${port}/x`), () => detected)
  const answers = await Promise.all([health(), health()])
  for (const { status, headers } of answers) {
    expect({ status, headers }).toEqual({ status: 503, headers: { 'retry-after': '5' } })
  }
}, 8_000)
