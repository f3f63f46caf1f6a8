import type { Service } from '../composition.ts'
import type { ServeConfig } from '../config/serve-config.ts'
import type { HttpServer } from '../http/listen.ts'
import { listen } from '../http/listen.ts'
import type { StopOptions } from '../http/stop.ts'
import { asRequests } from '../http/upgrade.ts'
import { answerStarting } from './starting.ts'

/** The server of `serve`, which may listen before there is a service. */
export interface Front extends AsyncDisposable {
  /** @returns the URL; has no further effect if it listens already */
  listen(): Promise<string>
  /** From now on the service answers. Before, it is said that the gateway is starting. */
  serve(service: Pick<Service, 'handle' | 'handleUpgrade'>): void
  stop(options: StopOptions): Promise<void>
}

export function createFront(config: ServeConfig): Front {
  let handle = answerStarting
  let handleUpgrade = asRequests(answerStarting)
  let server: Promise<HttpServer> | undefined
  let stopping: Promise<void> | undefined
  const open = () =>
    listen((request, response) => handle(request, response), config, config.limits.connections, {
      limits: { perAddress: config.limits.connectionsPerAddress, trustedProxies: config.trustedProxies },
      onUpgrade: (request, socket, head) => handleUpgrade(request, socket, head),
    })
  const stop = (options: StopOptions) => {
    stopping ??= server?.then((opened) => opened.close(options))
    return stopping ?? Promise.resolve()
  }
  return {
    async listen() {
      server ??= open()
      return (await server).url
    },
    serve(service) {
      handle = service.handle
      handleUpgrade = service.handleUpgrade
    },
    stop,
    // What could not be opened is not closed.
    [Symbol.asyncDispose]: () => stop({ drainMs: 0, graceMs: 0 }).catch(() => undefined),
  }
}
