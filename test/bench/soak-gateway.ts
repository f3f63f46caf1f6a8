/** The gateway of soak.ts in a separate process, so that its memory is measured without that of the load. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openGateway } from '../../src/gateway.ts'

const [databaseUrl = ''] = process.argv.slice(2)
const gateway = await openGateway({ databaseUrl, auth: 'open', allowWritableRole: true, log: () => undefined })
const server = createServer(gateway.handle)
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))

process.on('message', () => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({
    heapUsed,
    rss,
    handles: process.getActiveResourcesInfo().filter((one) => one !== 'Timeout' && one !== 'Immediate').length,
  })
})
