import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'

/** Listens on a free port, and prints the address, from which the benchmark finds the server. */
export function listen(handler: RequestListener): void {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1', () => announce(server.address()))
}

export function announce(address: ReturnType<ReturnType<typeof createServer>['address']>): void {
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  process.stdout.write(`http://127.0.0.1:${address.port}\n`)
}
