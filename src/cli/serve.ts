import { destination, pino } from 'pino'
import { openService } from '../composition.ts'
import type { Environment } from '../config/environment.ts'
import type { ServeFlags } from '../config/serve-config.ts'
import { serveConfig } from '../config/serve-config.ts'
import { listen } from '../http/listen.ts'
import { createLog } from '../telemetry/log.ts'
import { banner } from './banner.ts'
import type { Output } from './output.ts'

const graceMs = 10_000
/** Connections to METRICS_PORT. */
const mostScrapers = 20

/**
 * Serves until SIGINT or SIGTERM.
 *
 * @throws Problem if the configuration is invalid, or the database or the address cannot be used
 */
export async function serve(flags: ServeFlags, environment: Environment, output: Output): Promise<void> {
  const config = serveConfig(flags, environment)
  // Logs go to standard error, separate from the output of the command.
  const logger = pino({ level: config.logLevel, base: null }, destination({ dest: 2, sync: true }))
  const observe = createLog(logger)
  for (const message of config.warnings) observe({ kind: 'warning', message })
  await using service = await openService({ config, observe })
  // An unhandled rejection is a bug of one operation; other operations continue.
  process.on('unhandledRejection', (error) => observe({ kind: 'unhandledRejection', error }))
  const server = await listen(service.handle, config, config.limits.connections, {
    limits: { perAddress: config.limits.connectionsPerAddress, trustedProxies: config.trustedProxies },
  })
  const { metricsAddress } = config
  const metrics =
    metricsAddress === undefined ? undefined : await listen(service.handleMetrics, metricsAddress, mostScrapers)
  // Registered before the URL is printed, because a program that reads it may send a signal immediately.
  const stopped = output.stopped()
  if (config.isOpen)
    observe({ kind: 'warning', message: 'Authentication is off: every user of this machine can read all data' })
  output.print(banner({ url: server.url, metricsUrl: metrics?.url }, service.detected, config, service.example))
  const signal = await stopped
  output.print(`Stopping on ${signal}; running requests have up to ${graceMs / 1000} seconds to finish.`)
  await Promise.all([server.close(graceMs), metrics?.close(graceMs)])
}
