import type { Service } from '../composition.ts'
import { openService } from '../composition.ts'
import type { Environment } from '../config/environment.ts'
import type { ServeConfig, ServeFlags } from '../config/serve-config.ts'
import { serveConfig } from '../config/serve-config.ts'
import { shareOf } from '../config/share.ts'
import type { HttpServer } from '../http/listen.ts'
import { listen } from '../http/listen.ts'
import type { Log } from '../telemetry/log.ts'
import { openLog } from '../telemetry/log.ts'
import { banner } from './banner.ts'
import { endWithin } from './ending.ts'
import { createFront } from './front.ts'
import { onHangup } from './hangup.ts'
import type { Output } from './output.ts'
import { graceMs, limitMs, mostScrapers, stoppingOn, warnIfOpen, warnOfSettings } from './serving.ts'
import { untilReachable } from './wait.ts'
import type { WorkerRole } from './workers/role.ts'

/** A worker ends so long before the process that started it would end it. */
const aheadMs = 300

/**
 * Serves until SIGINT or SIGTERM, and ends within DRAIN_MS and nine seconds of it. A second signal ends the process at once.
 *
 * @param role of this process if it is one of several workers; what is said once is said by the process that started them
 * @throws Problem if the configuration is invalid, or the database or the address cannot be used
 */
export async function serve(
  flags: ServeFlags,
  environment: Environment,
  output: Output,
  role?: WorkerRole,
): Promise<void> {
  const config = configOf(flags, environment, role)
  // Logs go to standard error, separate from the output of the command.
  await using log = openLog(config.logLevel, role?.number)
  const { observe } = log
  output.loseWhatFails()
  if (role === undefined) warnOfSettings(config, observe)
  await using front = createFront(config)
  // Listens before the database is opened, which may take long, so that an address in use is known at once.
  if (role?.joins !== true) await front.listen()
  const waiting = flags.wait ? output.stopped() : undefined
  await using service = await openWhenReachable(config, log, output, waiting, role)
  if (service === undefined) return endWithin(limitMs)
  // An unhandled rejection is a bug of one operation; other operations continue.
  process.on('unhandledRejection', (error) => observe({ kind: 'unhandledRejection', error }))
  onHangup(() => service.reopenFiles())
  front.serve(service)
  const url = await front.listen()
  const metrics = await openMetrics(config, service)
  // Registered before the URL is printed, because a program that reads it may send a signal immediately.
  const stopped = waiting ?? output.stopped()
  const { detected, example } = service
  if (role === undefined) {
    warnIfOpen(config, observe)
    output.print(banner({ url, metricsUrl: metrics?.url }, detected, config, example))
  } else role.serve(service, { url, detected: plainly(detected), example })
  const signal = await (role === undefined ? stopped : Promise.race([stopped, role.stopped]))
  endWithin(config.drainMs + limitMs - (role === undefined ? 0 : aheadMs))
  if (role === undefined) output.print(stoppingOn(signal))
  service.drain()
  await Promise.all([front.stop({ drainMs: config.drainMs, graceMs }), metrics?.close({ drainMs: 0, graceMs: 0 })])
}

function configOf(flags: ServeFlags, environment: Environment, role: WorkerRole | undefined): ServeConfig {
  const config = serveConfig(flags, environment)
  return role === undefined ? config : shareOf(config)
}

/** @returns undefined if `waiting` resolves before the database can be reached */
async function openWhenReachable(
  config: ServeConfig,
  log: Log,
  output: Output,
  waiting: Promise<unknown> | undefined,
  role: WorkerRole | undefined,
): Promise<Service | undefined> {
  const onDemo = () => output.print('Making the demo database…')
  const open = () => openService({ config, ...log, onDemo, printMetricsOfAll: role?.printMetrics })
  const onWait = (reason: string) => output.print(`Waiting for the database. ${reason}`)
  return waiting === undefined ? open() : untilReachable(open, waiting, onWait)
}

async function openMetrics(
  { metricsAddress }: ServeConfig,
  { handleMetrics }: Service,
): Promise<HttpServer | undefined> {
  return metricsAddress === undefined ? undefined : listen(handleMetrics, metricsAddress, mostScrapers)
}

/** What another process can take. */
function plainly({ version, serverVersion, encoding }: Service['detected']) {
  return { version, serverVersion, encoding }
}
