import { openService } from '../composition.ts'
import type { Environment } from '../config/environment.ts'
import type { ServeFlags } from '../config/serve-config.ts'
import { serveConfig } from '../config/serve-config.ts'
import { listen } from '../http/listen.ts'
import type { StopOptions } from '../http/stop.ts'
import { asRequests } from '../http/upgrade.ts'
import { openLog } from '../telemetry/log.ts'
import { banner } from './banner.ts'
import { endWithin } from './ending.ts'
import { onHangup } from './hangup.ts'
import type { Output } from './output.ts'
import { answerStarting } from './starting.ts'
import { untilReachable } from './wait.ts'

/** Running requests have so long after DRAIN_MS. */
const graceMs = 5_000
/** The parts of a service have so long together after that. */
const closeMs = 3_000
/** The process ends so long after DRAIN_MS at the latest: ten seconds after the signal with the default. */
const limitMs = graceMs + closeMs + 1_000
/** Connections to METRICS_PORT. */
const mostScrapers = 20

/**
 * Serves until SIGINT or SIGTERM, and ends within DRAIN_MS and nine seconds of it. A second signal ends the process at once.
 *
 * @throws Problem if the configuration is invalid, or the database or the address cannot be used
 */
export async function serve(flags: ServeFlags, environment: Environment, output: Output): Promise<void> {
  const config = serveConfig(flags, environment)
  // Logs go to standard error, separate from the output of the command.
  await using log = openLog(config.logLevel)
  const { observe } = log
  output.loseWhatFails()
  for (const message of config.warnings) observe({ kind: 'warning', message })
  // Listens before the database is opened, which may take long, so that an address in use is known at once.
  let handle = answerStarting
  let handleUpgrade = asRequests(answerStarting)
  const server = await listen((request, response) => handle(request, response), config, config.limits.connections, {
    limits: { perAddress: config.limits.connectionsPerAddress, trustedProxies: config.trustedProxies },
    onUpgrade: (request, socket, head) => handleUpgrade(request, socket, head),
  })
  let stopping: Promise<void> | undefined
  const stop = (options: StopOptions) => {
    stopping ??= server.close(options)
    return stopping
  }
  await using _ = { [Symbol.asyncDispose]: () => stop({ drainMs: 0, graceMs: 0 }) }
  const onDemo = () => output.print('Making the demo database…')
  const open = () => openService({ config, ...log, onDemo })
  const waiting = flags.wait ? output.stopped() : undefined
  const onWait = (reason: string) => output.print(`Waiting for the database. ${reason}`)
  await using service = waiting === undefined ? await open() : await untilReachable(open, waiting, onWait)
  if (service === undefined) return endWithin(limitMs)
  // An unhandled rejection is a bug of one operation; other operations continue.
  process.on('unhandledRejection', (error) => observe({ kind: 'unhandledRejection', error }))
  onHangup(() => service.reopenFiles())
  handle = service.handle
  handleUpgrade = service.handleUpgrade
  const { metricsAddress } = config
  const metrics =
    metricsAddress === undefined ? undefined : await listen(service.handleMetrics, metricsAddress, mostScrapers)
  // Registered before the URL is printed, because a program that reads it may send a signal immediately.
  const stopped = waiting ?? output.stopped()
  if (config.isOpen)
    observe({ kind: 'warning', message: 'Authentication is off: every user of this machine can read all data' })
  output.print(banner({ url: server.url, metricsUrl: metrics?.url }, service.detected, config, service.example))
  const signal = await stopped
  endWithin(config.drainMs + limitMs)
  output.print(`Stopping on ${signal}; running requests have up to ${graceMs / 1000} seconds to finish.`)
  service.drain()
  await Promise.all([stop({ drainMs: config.drainMs, graceMs }), metrics?.close({ drainMs: 0, graceMs: 0 })])
}
