import { pino } from 'pino'
import type { Limits } from '../../src/config/limits-interface.ts'
import type { Database, Statement } from '../../src/database/database.ts'
import { render } from '../../src/database/database.ts'
import type { GatewayOptions } from '../../src/http/gateway.ts'
import { createGateway } from '../../src/http/gateway.ts'
import { listen } from '../../src/http/listen.ts'
import { detect } from '../../src/sipis/detect.ts'
import { createLog } from '../../src/telemetry/log.ts'

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape of its query, which tests spell out.
  readonly data: any
  readonly errors?: readonly { message: string; path?: (string | number)[]; extensions: { code: string } }[]
}

/** An HTTP client of a gateway, with the gateway's statements and log. */
export interface Client extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string
  /** Returns the data of a response; throws if it contains errors. */
  // biome-ignore lint/suspicious/noExplicitAny: see Answer.
  ask(query: string, variables?: object, credential?: string): Promise<any>
  /** Returns the whole response, including errors. */
  answer(query: string, variables?: object, credential?: string): Promise<Answer>
  /** Returns the statements since the previous call. */
  statements(): Statement[]
  /** Has the gateway say that it stops. */
  drain(): void
  /** Log lines since the start. */
  readonly log: string[]
}

export type ClientOptions = Partial<Omit<GatewayOptions, 'database' | 'detected'>>

/** For tests that compare whole databases. */
export const unlimited: Partial<Limits> = {
  cost: 10_000_000,
  tokens: 100_000,
  aliases: 10_000,
  responseBytes: 100_000_000,
}

export async function openClient(database: Database, options: ClientOptions = {}): Promise<Client> {
  const ran: Statement[] = []
  const log: string[] = []
  const recording = (of: Database): Database => ({
    ...of,
    query(statement, signal) {
      ran.push(render(statement))
      return of.query(statement, signal)
    },
    ...(of.forOperation === undefined ? {} : { forOperation: () => recording(of.forOperation?.() ?? of) }),
  })
  const recorded = recording(database)
  const gateway = await createGateway({
    database: recorded,
    detected: await detect(database),
    timeZone: 'UTC',
    observe: createLog(pino({ base: null }, { write: (line: string) => log.push(line) })).observe,
    example: { selector: '', username: '' },
    ...options,
  })
  const address = { host: '127.0.0.1', port: 0 }
  const onUpgrade = gateway.handleUpgrade
  const server = await listen(gateway.handle, address, gateway.limits.connections, { onUpgrade })
  const answer = async (query: string, variables?: object, credential?: string): Promise<Answer> => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
      },
      body: JSON.stringify({ query, variables }),
    })
    return response.json()
  }
  return {
    url: server.url,
    answer,
    async ask(query, variables, credential) {
      const { data, errors } = await answer(query, variables, credential)
      if (errors !== undefined) throw new Error([JSON.stringify(errors, null, 2), ...log].join('\n'))
      return data
    },
    statements: () => ran.splice(0),
    drain: gateway.drain,
    log,
    async [Symbol.asyncDispose]() {
      await server.close({ drainMs: 0, graceMs: 1_000 })
      await gateway[Symbol.asyncDispose]()
    },
  }
}
