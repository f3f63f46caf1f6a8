/** `serve` with several workers: the process that starts them. */
import cluster from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Environment } from '../../config/environment.ts'
import type { ServeConfig, ServeFlags } from '../../config/serve-config.ts'
import { serveConfig } from '../../config/serve-config.ts'
import { Problem } from '../../errors/problem.ts'
import type { HttpServer } from '../../http/listen.ts'
import { listen } from '../../http/listen.ts'
import { createMetrics, listenForMetrics } from '../../http/operations/metrics.ts'
import { openLog } from '../../telemetry/log.ts'
import type { Observe } from '../../telemetry/observation.ts'
import { banner } from '../banner.ts'
import { endWithin } from '../ending.ts'
import { onHangup } from '../hangup.ts'
import type { Output } from '../output.ts'
import { limitMs, mostScrapers, stoppingOn, warnIfOpen, warnOfSettings } from '../serving.ts'
import { Crew } from './crew.ts'

/**
 * Serves by several processes until SIGINT or SIGTERM. A worker that ends by itself is started again.
 *
 * @returns the exit code
 * @throws Problem if the configuration is invalid
 */
export async function supervise(flags: ServeFlags, environment: Environment, output: Output): Promise<number> {
  const config = serveConfig(flags, environment)
  if (config.database === undefined) {
    throw new Problem(
      `The embedded demo runs in one process, and WORKERS is ${config.workers}. Name a database, or leave out --workers.`,
    )
  }
  await using log = openLog(config.logLevel)
  const { observe, standardError } = log
  output.loseWhatFails()
  warnOfSettings(config, observe)
  await shareAddress(config)
  const crew = new Crew({
    size: config.workers,
    environment: sharedSecrets(config),
    observe,
    onLine: (stream, line) => (stream === 'stdout' ? output.print(line) : standardError.write(`${line}\n`)),
  })
  process.on('exit', () => crew.kill())
  onHangup(() => crew.reopenFiles())
  const stopped = output.stopped()
  const metrics = await openMetrics(config, crew, observe)
  const serving = await Promise.race([crew.start(), stopped])
  const isServing = typeof serving === 'object'
  if (isServing) {
    warnIfOpen(config, observe)
    const urls = { url: serving.url, metricsUrl: metrics?.url }
    output.print(banner(urls, serving.detected, config, serving.example))
  }
  const signal = serving === undefined ? 'SIGTERM' : await stopped
  endWithin(config.drainMs + limitMs)
  if (isServing) output.print(stoppingOn(signal))
  const [hasEnded] = await Promise.all([crew.stop(signal), metrics?.close({ drainMs: 0, graceMs: 0 })])
  return hasEnded && serving !== undefined ? 0 : 1
}

/**
 * Workers accept connections from one socket by themselves. What waits in it when one is killed is answered by the others; a connection that this
 * process hands to a worker would be lost with it.
 */
async function shareAddress({ host, port }: ServeConfig): Promise<void> {
  cluster.schedulingPolicy = cluster.SCHED_NONE
  // The last flag counts.
  const args = [...process.argv.slice(2), '--port', String(port === 0 ? await freePort(host) : port)]
  cluster.setupPrimary({ args, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' })
}

/**
 * Picked before there are workers: one that is started when no other is left would pick another port.
 *
 * @returns 0 if the address cannot be listened on, which the first worker reports
 */
async function freePort(host: string): Promise<number> {
  const server = createServer()
  const isListening = await once(server.listen(0, host), 'listening').then(
    () => true,
    () => false,
  )
  if (!isListening) return 0
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Secrets that each worker would make for itself. Other processes can read arguments, but not this environment. */
function sharedSecrets({ changes, audit }: ServeConfig): Record<string, string> {
  const secret = () => randomBytes(32).toString('hex')
  return {
    ...(changes.secrets === undefined ? { CHANGES_KEY: secret() } : {}),
    ...(audit.key === undefined ? { AUDIT_KEY: secret() } : {}),
  }
}

async function openMetrics(
  { metricsAddress }: ServeConfig,
  crew: Crew,
  observe: Observe,
): Promise<HttpServer | undefined> {
  if (metricsAddress === undefined) return undefined
  const metrics = createMetrics({ print: () => crew.printMetrics(), count: async () => undefined })
  return listen(listenForMetrics(metrics, observe), metricsAddress, mostScrapers)
}
