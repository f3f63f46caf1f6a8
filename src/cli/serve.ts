import { destination, pino } from 'pino'
import { openService } from '../composition.ts'
import type { Environment } from '../config/environment.ts'
import type { ServeFlags } from '../config/serve-config.ts'
import { serveConfig } from '../config/serve-config.ts'
import { listen } from '../server/listen.ts'
import { banner } from './banner.ts'
import type { Output } from './output.ts'

const graceMs = 10_000

/** Serves until a signal stops it. */
export async function serve(flags: ServeFlags, environment: Environment, output: Output): Promise<void> {
  const config = serveConfig(flags, environment)
  // To standard error, so that what the command prints stays apart from what it logs.
  const logger = pino({ level: config.logLevel, base: null }, destination({ dest: 2, sync: true }))
  for (const warning of config.warnings) logger.warn(warning)
  await using service = await openService({ config, logger })
  // An unhandled rejection is a bug of one operation; the others still get their answers.
  process.on('unhandledRejection', (error) =>
    logger.error({ stack: error instanceof Error ? error.stack : String(error) }, 'Unhandled promise rejection'),
  )
  const server = await listen(service.handle, config, config.limits.connections, {
    shares: { perAddress: config.limits.connectionsPerAddress, trustedProxies: config.trustedProxies },
  })
  // Listens before the address is printed: a program that reads it may stop this one at once.
  const stopped = output.stopped()
  if (config.auth === undefined)
    logger.warn('No credential is asked for: everybody on this machine may read everything')
  output.print(banner(server.url, service.detected, config, service.example))
  const signal = await stopped
  output.print(`Stopping on ${signal}; requests that run may take up to ${graceMs / 1000} seconds.`)
  await server.close(graceMs)
}
