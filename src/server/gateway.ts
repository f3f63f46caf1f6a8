import type { YogaServerInstance } from 'graphql-yoga'
import { createYoga } from 'graphql-yoga'
import type { Logger } from 'pino'
import { openPrincipal } from '../auth/principal.ts'
import type { Database } from '../database/database.ts'
import type { Context } from '../graph/context.ts'
import { schema } from '../graph/schema.ts'
import { openLoaders } from '../loaders/loaders.ts'
import { metered, openUsage } from '../loaders/usage.ts'
import type { Detected } from '../versions/detect.ts'
import { projectionOf } from '../versions/detect.ts'
import { createErrorMask } from './errors.ts'
import type { Example } from './graphiql.ts'
import { graphiqlOptions, renderPage } from './graphiql.ts'
import { useHealth } from './health.ts'
import { useRoutes } from './routes.ts'

export interface GatewayOptions {
  readonly database: Database
  readonly detected: Detected
  readonly timeZone: string
  readonly logger: Logger
  readonly example: Example
}

export type Gateway = YogaServerInstance<Record<never, never>, Context>

const maxRequestBytes = 100_000
const maxAnswerBytes = 10_000_000

/** The API over one database, as a handler of HTTP requests that needs no port. */
export function createGateway({ database, detected, timeZone, logger, example }: GatewayOptions): Gateway {
  const projection = projectionOf(detected.version, { encoding: detected.encoding, timeZone })
  return createYoga({
    schema,
    context: (): Context => {
      const usage = openUsage(maxAnswerBytes)
      const bounded = metered(database, usage, undefined)
      const loaders = openLoaders(bounded, projection, { usage, readTokens: true })
      return { principal: openPrincipal, loaders, database: bounded, detected }
    },
    plugins: [useHealth(database, detected), useRoutes()],
    maskedErrors: { maskError: createErrorMask(logger) },
    graphiql: graphiqlOptions(example),
    renderGraphiQL: renderPage,
    maxRequestBodySize: maxRequestBytes,
    healthCheckEndpoint: '/live',
    landingPage: false,
    multipart: false,
    cors: false,
    logging: false,
  })
}
